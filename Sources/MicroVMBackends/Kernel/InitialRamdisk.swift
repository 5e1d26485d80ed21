import SandboxCore
import SystemPackage

/// The file system that a machine starts from, in memory: the guest as its first process, and the modules that it loads. As `cpio` writes it.
struct InitialRamdisk {
    private(set) var bytes: [UInt8] = []
    private var number: UInt32 = 1

    init() {}

    /// A folder.
    mutating func addFolder(_ path: String) { add(path, mode: 0o040755, content: []) }

    /// A file.
    mutating func addFile(_ path: String, executable: Bool = false, _ content: [UInt8]) {
        add(path, mode: executable ? 0o100755 : 0o100644, content: content)
    }

    /// The kernel opens it for its first process before that has done anything.
    mutating func addConsole() { add("dev/console", mode: 0o020600, content: [], device: (5, 1)) }

    /// Nothing follows.
    mutating func finish() { add("TRAILER!!!", mode: 0, content: []) }

    private mutating func add(_ path: String, mode: UInt32, content: [UInt8], device: (major: UInt32, minor: UInt32) = (0, 0)) {
        let name = Array(path.utf8) + [0]
        let fields: [UInt32] = [
            number, mode, 0, 0, 1, 0, UInt32(content.count), 0, 0, device.major, device.minor, UInt32(name.count), 0,
        ]
        bytes += Array("070701".utf8)
        for field in fields {
            let digits = String(field, radix: 16, uppercase: true)
            bytes += Array((String(repeating: "0", count: 8 - digits.count) + digits).utf8)
        }
        bytes += name
        pad()
        bytes += content
        pad()
        number += 1
    }

    private mutating func pad() { while bytes.count % 4 != 0 { bytes.append(0) } }
}
