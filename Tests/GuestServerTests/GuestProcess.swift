import CSandlotSystem
import Glibc
import GuestProtocol

/// What a test was waiting for did not come.
struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A real guest that listens on a socket without a path.
final class GuestProcess {
    let pid: Int32
    private let pidfd: Int32
    private let address: String

    static var executable: String {
        if let path = getenv("SANDLOT_GUEST") { return String(cString: path) }
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return (path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./") + "sandlot-guest"
    }

    /// `wrapper` is a command that ends by executing the guest with the arguments that follow it; `guest` is the guest's path inside.
    init(wrapper: [String] = [], guest: String = GuestProcess.executable, options: [String] = []) throws {
        address = "sandlot-test-\(getpid())-\(UInt64.random(in: 0..<UInt64.max))"
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard GuestProcess.withAddress(address, { bind(listener, $0, $1) }) == 0, listen(listener, 64) == 0 else {
            throw TestFailure("cannot listen: \(errno)")
        }
        defer { close(listener) }
        let spawned = try Spawning(wrapper + [guest, "serve", "--listen-fd", "3"] + options, descriptors: [(2, 2), (listener, 3)])
        pid = spawned.pid
        pidfd = spawned.pidfd
    }

    deinit {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        close(pidfd)
    }

    /// A new channel, with the hellos exchanged.
    func connect(greeting: Bool = true) throws -> HostChannel {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard GuestProcess.withAddress(address, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            throw TestFailure("cannot connect: \(errno)")
        }
        let channel = HostChannel(descriptor)
        if greeting { try channel.greet() }
        return channel
    }

    /// KiB of resident memory.
    var residentMemory: Int {
        for line in contents(of: "/proc/\(pid)/status").split(separator: "\n") where line.hasPrefix("VmRSS:") {
            return Int(line.split(whereSeparator: { $0 == " " || $0 == "\t" })[1]) ?? 0
        }
        return 0
    }

    /// Waits for the guest's end.
    func ends(within milliseconds: Int32 = 10_000) -> Bool { isReadable(pidfd, within: milliseconds) }

    private static func withAddress<R>(_ name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = [0] + Array(name.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        return withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) } }
    }
}

/// Where and why `sandlot_spawn` failed.
struct SpawnFailure: Error, Equatable {
    let stage: UInt32
    let error: Int32
}

/// One process started by `sandlot_spawn`, with an empty environment but PATH.
struct Spawning {
    let pid: Int32
    let pidfd: Int32

    init(
        _ arguments: [String], descriptors: [(Int32, Int32)], _ configure: (inout sandlot_spawn_request) -> Void = { _ in }
    ) throws {
        let program = arguments[0]
        let candidates = program.contains("/") ? [program] : ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"].map { $0 + program }
        let argv = arguments.map { strdup($0) } + [nil]
        let paths = candidates.map { UnsafePointer(strdup($0)) } + [nil]
        let environment = [strdup("PATH=/usr/bin:/bin:/usr/sbin:/sbin"), nil]
        defer {
            for pointer in argv + environment { free(pointer) }
            for path in paths { free(UnsafeMutableRawPointer(mutating: path)) }
        }
        var mappings = descriptors.map { sandlot_fd_mapping(source: $0.0, target: $0.1) }
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        for target in [Int32(0), 1] where !mappings.contains(where: { $0.target == target }) {
            mappings.append(sandlot_fd_mapping(source: null, target: target))
        }
        var result = sandlot_spawn_result()
        let status = mappings.withUnsafeBufferPointer { mappings in
            paths.withUnsafeBufferPointer { paths in
                argv.withUnsafeBufferPointer { argv in
                    environment.withUnsafeBufferPointer { environment -> Int32 in
                        var request = sandlot_spawn_request()
                        sandlot_spawn_request_init(&request)
                        request.candidates = paths.baseAddress
                        request.argv = argv.baseAddress
                        request.envp = environment.baseAddress
                        request.mappings = mappings.baseAddress
                        request.mapping_count = mappings.count
                        configure(&request)
                        return sandlot_spawn(&request, &result)
                    }
                }
            }
        }
        guard status == 0 else { throw SpawnFailure(stage: UInt32(bitPattern: result.stage), error: result.error) }
        pid = result.pid
        pidfd = result.pidfd
    }
}

func contents(of path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let got = read(descriptor, &buffer, buffer.count)
        guard got > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes += buffer[..<got]
    }
}

func isReadable(_ descriptor: Int32, within milliseconds: Int32) -> Bool {
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&wait, 1, milliseconds) > 0
}

/// A process that a test wants to see dead; opened while it lives, so that its number cannot be mistaken for another's.
final class Witness {
    private let pidfd: Int32
    init(_ pid: Int32) throws {
        pidfd = sandlot_pidfd_open(pid)
        guard pidfd >= 0 else { throw TestFailure("no process \(pid)") }
    }
    deinit { close(pidfd) }
    func isDead(within milliseconds: Int32 = 0) -> Bool { isReadable(pidfd, within: milliseconds) }
}

/// Live processes for which `test` holds of (parent, user, state).
func processes(where test: (_ parent: Int32, _ user: UInt32, _ state: Character) -> Bool) -> [Int32] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var found: [Int32] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard let pid = Int32(name) else { continue }
        let text = contents(of: "/proc/\(pid)/status")
        var fields: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1)
            if parts.count == 2 { fields[parts[0]] = parts[1] }
        }
        guard let parent = fields["PPid:"].flatMap({ Int32($0) }), let state = fields["State:"]?.first,
            let user = fields["Uid:"]?.split(separator: "\t").first.flatMap({ UInt32($0) })
        else { continue }
        if test(parent, user, state) { found.append(pid) }
    }
    return found
}

/// Where tests make what they need.
var temporaryDirectory: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }
