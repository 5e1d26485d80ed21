import Glibc
import SandboxCore
import SandboxProcess
import Synchronization
import SystemPackage

/// Remembers that a trial sandbox worked, for this process and, in the data directory, for those that follow: a command line that is called
/// again and again need not make a trial sandbox each time. Only success is remembered, only for a short time, and only for exactly the same
/// programs, kernel, user and settings.
final class RememberedTrial: Sendable {
    private static let lifetime = 600
    private static let header = "sandlot trial 1"

    private let file: FilePath
    private let known = Mutex<(key: String, version: BubblewrapVersion)?>(nil)

    init(dataDirectory: FilePath) { file = dataDirectory.appending("bubblewrap-trial") }

    /// The version of `bwrap` that worked under this key; nil when none did lately.
    func recall(_ key: String) -> BubblewrapVersion? {
        if let known = known.withLock({ $0 }), known.key == key { return known.version }
        var status = stat()
        guard lstat(file.string, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o022 == 0,
            (0..<Self.lifetime).contains(time(nil) - status.st_mtim.tv_sec), let bytes = try? HostDirectory.contents(file, limit: 4096)
        else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        guard lines.count == 3, lines[0] == Self.header, lines[1] == key else { return nil }
        let version = BubblewrapVersion(parsing: lines[2])
        known.withLock { $0 = (key, version) }
        return version
    }

    /// Best effort: without a data directory only this process remembers.
    func remember(_ key: String, _ version: BubblewrapVersion) {
        known.withLock { $0 = (key, version) }
        let text = [Self.header, key, version.text].joined(separator: "\n") + "\n"
        try? HostDirectory.replace(file, with: Array(text.utf8), survivesPowerLoss: false)
    }

    /// Something failed although a trial worked.
    func forget() {
        known.withLock { $0 = nil }
        unlink(file.string)
    }

    /// A name for all that a trial depends on.
    static func key(bwrap: FilePath, guest: FilePath, host: HostEnvironment, settings: BubblewrapSettings) -> String {
        var print = Fingerprint()
        for program in [bwrap, guest] {
            var status = stat()
            guard stat(program.string, &status) == 0 else { continue }
            print.add(program.string)
            for number in [Int(status.st_dev), Int(status.st_ino), Int(status.st_size), Int(status.st_mode), Int(status.st_uid)] {
                print.add("\(number)")
            }
            for time in [status.st_mtim, status.st_ctim] { print.add("\(time.tv_sec).\(time.tv_nsec)") }
        }
        print.add((try? ProcessIdentity.currentBoot()) ?? "")
        print.add("\(host.user.uid) \(host.user.gid) \(settings.runAs.uid) \(settings.runAs.gid)")
        for path in settings.systemPaths { print.add(path.string) }
        print.add("\(NamespaceFacts.current(isUnprivileged: !host.isRoot))")
        // The mounts that a trial binds, and whether this process may make namespaces at all, differ from container to container.
        for name in ["mnt", "user", "pid", "net"] {
            var status = stat()
            print.add(stat("/proc/self/ns/\(name)", &status) == 0 ? "\(status.st_dev).\(status.st_ino)" : "-")
        }
        return print.text
    }
}
