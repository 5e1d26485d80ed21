import SandboxProcess

/// The command line of one machine. QEMU is handed everything as open descriptors: it runs as a user who can reach none of it by path.
struct QemuCommandLine {
    /// The descriptors as QEMU counts them.
    enum Descriptor {
        static let image: Int32 = 3
        static let disk: Int32 = 4
        static let kernel: Int32 = 5
        static let ramdisk: Int32 = 6
        static let console: Int32 = 7
        static let control: Int32 = 8
        static let snapshot: Int32 = 9
        static let firstPort: Int32 = 10
    }

    let arguments: [String]

    init(_ plan: MachinePlan, hasControl: Bool) {
        typealias Number = Descriptor
        let shape = plan.shape
        var kernel = ["console=ttyS0", "quiet", "panic=-1", "reboot=t", "rdinit=/init", "machine", "sandlot.ports=\(MachineShape.ports)"]
        if plan.acceleration == .tcg {
            // Emulated processors do not speculate. Nothing in such a machine tells how fast its counter runs, which is the host's; without
            // that its kernel has no timer at all.
            kernel += ["mitigations=off", "tsc_early_khz=\(plan.tickRate)"]
        }
        var line = ["-name", plan.name, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        line += ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"]
        line += ["-machine", "microvm,acpi=on,accel=\(plan.acceleration.rawValue)"]
        line += ["-cpu", plan.acceleration == .kvm ? "host" : "max", "-m", "\(shape.memory)M", "-smp", "\(shape.processors)"]
        line += ["-kernel", "/proc/self/fd/\(Number.kernel)", "-initrd", "/proc/self/fd/\(Number.ramdisk)"]
        line += ["-append", kernel.joined(separator: " ")]
        line += ["-add-fd", "fd=\(Number.console),set=\(Number.console)"]
        line += ["-chardev", "file,id=console,path=/dev/fdset/\(Number.console),append=on", "-serial", "chardev:console"]
        line += Self.drive("image", Number.image, "readonly=on") + Self.drive("scratch", Number.disk, "cache=unsafe,auto-read-only=off")
        line += ["-device", "virtio-serial-device,max_ports=31"]
        for port in 0..<MachineShape.ports {
            line += ["-chardev", "socket,id=port\(port),fd=\(Number.firstPort + Int32(port)),server=on,wait=off"]
            line += ["-device", "virtserialport,chardev=port\(port),name=sandlot.\(port),nr=\(port + 1)"]
        }
        if hasControl { line += ["-chardev", "socket,id=control,fd=\(Number.control)", "-mon", "chardev=control,mode=control"] }
        if plan.snapshot != nil { line += ["-incoming", "fd:\(Number.snapshot)"] }
        arguments = line
    }

    private static func drive(_ name: String, _ number: Int32, _ option: String) -> [String] {
        [
            "-add-fd", "fd=\(number),set=\(number)", "-drive", "if=none,id=\(name),file=/dev/fdset/\(number),format=raw,\(option)",
            "-device", "virtio-blk-device,drive=\(name),serial=\(name)",
        ]
    }
}
