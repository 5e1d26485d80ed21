internal import CSandlotSystem
internal import Glibc

/// The kernel's count of the processes of this sandbox that it killed for want of memory.
///
/// Read from a file that the sandbox's maker opened, or that the sandbox's own control group shows; nothing inside can write to it.
struct MemoryKills {
    private let descriptor: Int32

    /// From an inherited descriptor.
    init(descriptor: Int32) {
        sandlot_set_close_on_exec(descriptor)
        self.descriptor = descriptor
    }

    /// From the control group that a container sees as its own; nil where there is none or it tells nothing of the kind.
    ///
    /// The file system must have been mounted for this sandbox: elsewhere the same path is the whole machine's.
    init?(ofControlGroups root: String) {
        for path in [MemoryKills.unifiedFolder(root), root + "/memory"].compactMap(\.self) {
            for name in ["memory.events", "memory.oom_control"] {
                let descriptor = open(path + "/" + name, O_RDONLY | O_CLOEXEC)
                guard descriptor >= 0 else { continue }
                let kills = MemoryKills(descriptor: descriptor)
                if kills.count != nil {
                    self = kills
                    return
                }
                close(descriptor)
            }
        }
        return nil
    }

    /// How many so far.
    var count: UInt32? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { buffer -> UInt32? in
            let length = pread(descriptor, buffer.baseAddress, buffer.count, 0)
            guard length > 0 else { return nil }
            let key = Array("oom_kill ".utf8)
            for line in buffer.prefix(length).split(separator: UInt8(ascii: "\n")) where line.starts(with: key) {
                return UInt32(String(decoding: line.dropFirst(key.count), as: UTF8.self))
            }
            return nil
        }
    }

    /// Where the unified hierarchy shows our group: its top in a control group namespace, else below it.
    private static func unifiedFolder(_ root: String) -> String? {
        let descriptor = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 8192) { buffer -> String? in
            let length = read(descriptor, buffer.baseAddress, buffer.count)
            guard length > 0 else { return nil }
            let key = Array("0::".utf8)
            for line in buffer.prefix(length).split(separator: UInt8(ascii: "\n")) where line.starts(with: key) {
                let path = String(decoding: line.dropFirst(key.count), as: UTF8.self)
                return path == "/" ? root : root + path
            }
            return nil
        }
    }
}
