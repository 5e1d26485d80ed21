import Glibc
import GuestClient
import SandboxCore
import SystemPackage

/// A guest of its own process on this machine, which listens on a socket in a directory of its own.
final class RealGuest: Sendable {
    /// Where the built guest is: `SANDLOT_GUEST`, or what `make guest` leaves; nil skips the tests that need it.
    static let program: String? = {
        if let named = getenv("SANDLOT_GUEST") { return String(cString: named) }
        let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        let built = root.appending(".build-guest/release/sandlot-guest").string
        return access(built, X_OK) == 0 ? built : nil
    }()

    let directory: FilePath
    let socket: FilePath
    private let pid: pid_t

    init() throws {
        var template = Array("\(temporaryDirectory)/sandlot-client-XXXXXX".utf8CString)
        guard let program = RealGuest.program, mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        directory = FilePath(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
        // Longer than an address may be, so that every test goes the long way round.
        let deep = directory.appending(String(repeating: "d", count: 120))
        guard mkdir(deep.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
        socket = deep.appending("guest.sock")
        let listener = try RealGuest.listen(in: deep)
        pid = try RealGuest.spawn([program, "serve", "--listen-fd", "9", "--cwd", directory.string], listener: listener)
        close(listener)
    }

    deinit {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        let removing = try? RealGuest.spawn(["/bin/rm", "-rf", directory.string], listener: nil)
        if let removing { waitpid(removing, &status, 0) }
    }

    /// The operations over connections to this guest.
    func core() -> GuestSandboxCore {
        GuestSandboxCore(defaults: GuestExecDefaults(workspacePath: directory, environment: ["PATH": "/usr/bin:/bin"])) { [socket] in
            try await GuestChannel.connect(unixSocket: socket)
        } isAlive: { [pid] in
            kill(pid, 0) == 0
        }
    }

    private static func listen(in directory: FilePath) throws -> Int32 {
        let parent = open(directory.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw Errno(rawValue: errno) }
        defer { close(parent) }
        let listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "/proc/self/fd/\(parent)/guest.sock".utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard bound == 0, Glibc.listen(listener, 16) == 0 else { throw Errno(rawValue: errno) }
        return listener
    }

    private static func spawn(_ arguments: [String], listener: Int32?) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let listener { posix_spawn_file_actions_adddup2(&actions, listener, 9) }
        var list: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { for pointer in list { free(pointer) } }
        list.append(nil)
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, arguments[0], &actions, nil, &list, environ)
        guard failure == 0 else { throw Errno(rawValue: failure) }
        return pid
    }
}

/// Where tests make what they need.
var temporaryDirectory: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }
