import SandboxCore
import SystemPackage
import Testing

@testable import MicroVMBackends

@Suite("What a machine is made of", .timeLimit(.minutes(1)))
struct PlanTests {
    private func shape(_ edit: (inout SandboxSpec) -> Void = { _ in }, _ values: [String: [String]] = [:]) throws -> MachineShape {
        var spec = SandboxSpec(owner: .random())
        edit(&spec)
        return try MachineShape(spec, settings: try MachineSettings(values), kind: .qemu)
    }

    private func line(_ acceleration: MachinePlan.Acceleration, snapshot: FilePath? = nil) throws -> [String] {
        let plan = MachinePlan(
            name: "sandlot-x", shape: try shape(), acceleration: acceleration, kernel: "/hidden/kernel", ramdisk: "/hidden/ramdisk",
            image: "/hidden/image",
            tickRate: 2_500_000,
            snapshot: snapshot)
        return QemuCommandLine(plan, hasControl: false).arguments
    }

    @Test("QEMU is locked in, reaches nothing by path, and has no network and no monitor")
    func lockedIn() throws {
        let line = try line(.tcg)
        #expect(line.contains("on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"))
        for word in ["-nodefaults", "-no-user-config", "-no-reboot"] { #expect(line.contains(word)) }
        for word in ["-netdev", "-nic", "-net", "-monitor", "-mon", "-qmp", "-virtfs", "-fsdev"] { #expect(!line.contains(word)) }
        #expect(!line.contains { $0.contains("/hidden") })
        #expect(line.contains { $0.hasPrefix("if=none,id=image") && $0.hasSuffix("readonly=on") })
    }

    @Test("only an emulated machine is told the rate of its clock")
    func clock() throws {
        #expect(try line(.tcg).contains { $0.contains("tsc_early_khz=2500000") })
        #expect(try !line(.kvm).contains { $0.contains("tsc_early_khz") })
        #expect(try line(.kvm).contains("host"))
    }

    @Test("a copy is told where the state is")
    func copies() throws {
        #expect(try line(.tcg, snapshot: "/s").contains("-incoming"))
        #expect(try !line(.tcg).contains("-incoming"))
    }

    @Test("a limit makes the machine large enough, in steps, and is the sandbox' own")
    func limits() throws {
        let plain = try shape()
        #expect(plain.memory == 512 && plain.memoryLimit < 512 << 20 && plain.processLimit == nil && plain.processorLimit == nil)
        let small = try shape { $0.limits.memory = 64 << 20 }
        #expect(small.memory == 512 && small.memoryLimit == 64 << 20)
        #expect(small.machineTexts == plain.machineTexts)
        #expect(try shape { $0.limits.memory = 1 << 30 }.memory == 1152)
        #expect(try shape { $0.limits.processors = 1.5 }.processors == 2)
        #expect(try shape { $0.limits.processors = 0.5 }.processorLimit == 50_000)
        #expect(try shape { $0.limits.disk = 32 << 20 }.disk == 32 << 20)
        #expect(try shape { $0.limits.disk = 8 << 30 }.capacity == 8 << 30)
    }

    @Test(
        "limits that make no sense are refused",
        arguments: [
            ResourceLimits(memory: 0), ResourceLimits(processors: 0), ResourceLimits(processes: 0), ResourceLimits(disk: 4096),
        ])
    func impossible(_ limits: ResourceLimits) throws {
        let error = #expect(throws: SandboxError.self) { _ = try shape { $0.limits = limits } }
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "settings that make no sense are refused",
        arguments: [
            ["acceleration": ["fast"]], ["memory_mib": ["8"]], ["kernel": ["vmlinuz"]], ["snapshots": ["maybe"]], ["boot_timeout": ["0"]],
        ])
    func settings(_ values: [String: [String]]) throws {
        let error = #expect(throws: SandboxError.self) { _ = try MachineSettings(values) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("a sandbox' words to its machine are lines, each with its own randomness")
    func birth() throws {
        let spec = SandboxSpec(owner: .random(), hostname: "box")
        let first = String(decoding: MachineBirth(spec, workspace: "/workspace", shape: try shape()).bytes, as: UTF8.self)
        let second = String(decoding: MachineBirth(spec, workspace: "/workspace", shape: try shape()).bytes, as: UTF8.self)
        #expect(first.hasSuffix("\n\n") && first.contains("hostname box\n") && first.contains("sandbox \(spec.id)\n"))
        func entropy(_ text: String) -> Substring? { text.split(separator: "\n").first { $0.hasPrefix("entropy ") } }
        #expect(entropy(first)?.count == "entropy ".count + 128)
        #expect(entropy(first) != entropy(second))
    }
}
