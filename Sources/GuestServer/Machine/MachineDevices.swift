internal import CSandlotMachine
internal import Glibc

/// The devices that a machine's maker gave it, found by the names that it gave them.
enum MachineDevices {
    /// How long the kernel may take to find one: it numbers disks and ports as they come, and tells nobody when all are there.
    private static let attempts = 15_000
    private static let pause: UInt32 = 2000

    /// Loads the modules in a folder in the order of their names.
    static func loadModules(_ folder: String) throws(StartFailure) {
        for name in names(in: folder).sorted() {
            let path = folder + "/" + name
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0, sandlot_machine_load_module(file) == 0 else {
                throw StartFailure("cannot load the module \(name)", errno: errno)
            }
            close(file)
            // The files of the first root stay in memory for the machine's life.
            unlink(path)
        }
    }

    /// The kernel's command line.
    static func kernelWords() -> [Substring] { (text("/proc/cmdline") ?? "").split(separator: " ") }

    /// Opens the port of this name.
    static func port(_ name: String) throws(StartFailure) -> Int32 {
        let device = try find(name, in: "/sys/class/virtio-ports", by: "name")
        let descriptor = open("/dev/" + device, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw StartFailure("cannot open the port \(name)", errno: errno) }
        return descriptor
    }

    /// The value of a word `name=value` there.
    static func kernelWord(_ name: String) -> String? {
        kernelWords().first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }

    /// The path of the disk with this serial number. A monitor that numbers its disks as it likes says by `sandlot.NAME` which one it is.
    static func disk(_ serial: String) throws(StartFailure) -> String {
        guard let device = kernelWord("sandlot." + serial) else { return "/dev/" + (try find(serial, in: "/sys/block", by: "serial")) }
        let path = "/dev/" + device
        for _ in 0..<attempts {
            if access(path, F_OK) == 0 { return path }
            usleep(pause)
        }
        throw StartFailure("the machine has no \(path)", errno: ENODEV)
    }

    private static func find(_ wanted: String, in folder: String, by attribute: String) throws(StartFailure) -> String {
        for attempt in 0..<attempts {
            if attempt > 0 { usleep(pause) }
            if let name = names(in: folder).first(where: { text("\(folder)/\($0)/\(attribute)") == wanted }) { return name }
        }
        throw StartFailure("the machine has no \(wanted) in \(folder)", errno: ENODEV)
    }

    private static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    /// The first line of a small file.
    private static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let got = read(file, &bytes, bytes.count)
        guard got >= 0 else { return nil }
        return String(decoding: bytes[..<got].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
