internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// An `ExecStart` checked and turned into what the kernel needs.
struct CommandPlan {
    static let defaultSearchPath = Array("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".utf8)

    let candidates: [[UInt8]]
    let arguments: [[UInt8]]
    let environment: [[UInt8]]
    let workingDirectory: [UInt8]
    /// Nil: the guest's own.
    let identity: Identity?

    init(_ start: ExecStart, defaultDirectory: [UInt8], users: UserDatabase) throws(GuestFailure) {
        guard !start.id.isEmpty, start.id.utf8.count <= 64 else {
            throw GuestFailure(.invalidArgument, message: "an exec's id has 1 to 64 bytes")
        }
        guard let program = start.arguments.first, !program.isEmpty else {
            throw GuestFailure(.invalidArgument, message: "an exec needs a program")
        }
        for text in start.arguments + start.environment + [start.workingDirectory] where text.contains(0) {
            throw GuestFailure(.invalidArgument, message: "arguments, environment and directory must not hold a zero byte")
        }
        guard start.workingDirectory.isEmpty || start.workingDirectory.first == UInt8(ascii: "/") else {
            throw GuestFailure(.invalidArgument, message: "the working directory must be absolute", path: start.workingDirectory)
        }
        arguments = start.arguments
        workingDirectory = start.workingDirectory.isEmpty ? defaultDirectory : start.workingDirectory
        var environment = start.environment
        if start.user.isEmpty {
            identity = nil
        } else {
            let resolved = try users.identity(of: start.user)
            if !CommandPlan.names("HOME", in: environment), !resolved.home.isEmpty {
                environment.append(Array("HOME=".utf8) + resolved.home)
            }
            if !CommandPlan.names("USER", in: environment), !resolved.name.isEmpty {
                environment.append(Array("USER=".utf8) + resolved.name)
            }
            identity = resolved.userID == geteuid() && resolved.groupID == getegid() ? nil : resolved
        }
        if start.terminal != nil, !CommandPlan.names("TERM", in: environment) {
            environment.append(Array("TERM=xterm-256color".utf8))
        }
        self.environment = environment
        candidates = CommandPlan.candidates(for: program, environment: environment)
    }

    private static func names(_ name: String, in environment: [[UInt8]]) -> Bool { value(of: name, in: environment) != nil }

    private static func value(of name: String, in environment: [[UInt8]]) -> [UInt8]? {
        let prefix = Array(name.utf8) + [UInt8(ascii: "=")]
        return environment.first { $0.starts(with: prefix) }.map { Array($0.dropFirst(prefix.count)) }
    }

    /// As execvp: a name with a slash is a path; others are looked for in the request's PATH, where an empty folder is the working directory.
    private static func candidates(for program: [UInt8], environment: [[UInt8]]) -> [[UInt8]] {
        let slash = UInt8(ascii: "/")
        if program.contains(slash) { return [program] }
        let path = value(of: "PATH", in: environment) ?? defaultSearchPath
        return path.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { folder in
            (folder.isEmpty ? [UInt8(ascii: ".")] : Array(folder)) + [slash] + program
        }
    }

    /// Which descriptors of ours become 0, 1 and 2 of the command, and whether 0 is its terminal.
    struct Descriptors {
        var input: Int32
        var output: Int32
        var error: Int32
        var isTerminal: Bool
    }

    /// Starts the supervisor that starts the command.
    func launch(_ descriptors: Descriptors, limits: [sandlot_rlimit]) throws(GuestFailure) -> sandlot_supervisor {
        let candidateList = CStringList(candidates)
        let argumentList = CStringList(arguments)
        let environmentList = CStringList(environment)
        let directory = CStringList([workingDirectory])
        let mappings = [
            sandlot_fd_mapping(source: descriptors.input, target: 0),
            sandlot_fd_mapping(source: descriptors.output, target: 1),
            sandlot_fd_mapping(source: descriptors.error, target: 2),
        ]
        var supervisor = sandlot_supervisor()
        let result = mappings.withUnsafeBufferPointer { mappings in
            limits.withUnsafeBufferPointer { limits in
                (identity?.supplementaryGroups ?? []).withUnsafeBufferPointer { groups -> Int32 in
                    var request = sandlot_spawn_request()
                    sandlot_spawn_request_init(&request)
                    request.candidates = candidateList.constant
                    request.argv = UnsafePointer(argumentList.pointers)
                    request.envp = UnsafePointer(environmentList.pointers)
                    request.cwd = workingDirectory.isEmpty ? nil : UnsafePointer(directory.pointers[0])
                    request.mappings = mappings.baseAddress
                    request.mapping_count = mappings.count
                    request.limits = limits.baseAddress
                    request.limit_count = limits.count
                    request.flags = UInt32(SANDLOT_SPAWN_SETSID)
                    if descriptors.isTerminal { request.controlling_terminal = 0 }
                    if let identity {
                        request.flags |= UInt32(SANDLOT_SPAWN_SET_USER)
                        request.uid = identity.userID
                        request.gid = identity.groupID
                        request.groups = groups.baseAddress
                        request.group_count = groups.count
                    }
                    return sandlot_supervise(&request, &supervisor)
                }
            }
        }
        guard result == 0 else {
            throw GuestFailure(.limitExceeded, errno: errno, message: "cannot start a supervisor process")
        }
        return supervisor
    }

    /// What a failed start means to the caller.
    func failure(stage: Int32, errno number: Int32) -> GuestFailure {
        let program = arguments.first ?? []
        switch UInt32(bitPattern: stage) {
        case SANDLOT_STAGE_EXEC.rawValue where number == ENOENT || number == ENOTDIR:
            return GuestFailure(.commandNotFound, errno: number, message: "the program does not exist", path: program)
        case SANDLOT_STAGE_EXEC.rawValue where number == E2BIG:
            return GuestFailure(.limitExceeded, errno: number, message: "arguments and environment are too long", path: program)
        case SANDLOT_STAGE_EXEC.rawValue:
            return GuestFailure(.commandNotExecutable, errno: number, message: "the program cannot be executed", path: program)
        case SANDLOT_STAGE_INTERPRETER.rawValue:
            return GuestFailure(
                .commandNotExecutable, errno: number, message: "the interpreter or loader that the program names does not exist",
                path: program)
        case SANDLOT_STAGE_DIRECTORY.rawValue:
            let code: GuestFailure.Code =
                switch number {
                case ENOENT: .notFound
                case ENOTDIR: .notDirectory
                case EACCES: .denied
                default: .invalidArgument
                }
            return GuestFailure(code, errno: number, message: "cannot enter the working directory", path: workingDirectory)
        case SANDLOT_STAGE_USER.rawValue:
            let who = identity.map { "\($0.userID):\($0.groupID)" } ?? ""
            return GuestFailure(.denied, errno: number, message: "the sandbox may not run commands as user \(who)")
        case SANDLOT_STAGE_CLONE.rawValue:
            return GuestFailure(.limitExceeded, errno: number, message: "cannot start another process")
        default:
            return GuestFailure(.internalError, errno: number, message: "preparing the command failed at step \(stage)")
        }
    }
}

/// A NULL-terminated array of C strings that lives as long as this object.
final class CStringList {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [[UInt8]]) {
        count = strings.count
        pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() {
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: string.count + 1)
            for (position, byte) in string.enumerated() { copy[position] = CChar(bitPattern: byte) }
            copy[string.count] = 0
            (pointers + index).initialize(to: copy)
        }
        (pointers + count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { pointers[index]?.deallocate() }
        pointers.deallocate()
    }

    /// The same list as C's `const char *const *`.
    var constant: UnsafePointer<UnsafePointer<CChar>?> {
        UnsafeRawPointer(pointers).assumingMemoryBound(to: UnsafePointer<CChar>?.self)
    }
}
