import CSandlotSystem
import Glibc
import SandboxCore
import SystemPackage

/// A spawned process as the kernel gave it.
struct SpawnedProcess {
    var pid: Int32
    var descriptor: OwnedDescriptor
}

extension SpawnRequest {
    /// Starts the process from the calling thread.
    func spawn() throws -> SpawnedProcess {
        let null = try Descriptors.null()
        var all = descriptors
        for number in Int32(0)...2 where all[number] == nil { all[number] = null }
        var mappings = all.map { sandlot_fd_mapping(source: $0.value.raw, target: $0.key) }
        var rlimits = limits.map { sandlot_rlimit(resource: $0.resource, soft: $0.value, hard: $0.value) }
        let candidates = CStringList([executable.string])
        let argv = CStringList(arguments)
        let envp = CStringList(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        let cgroups = CStringList(groups.map(\.string))
        let folder = workingDirectory.map { CStringList([$0.string]) }
        // The pointers below stay valid until the end of this scope: the call returns after the child's execve.
        return try withExtendedLifetime((all, null, candidates, argv, envp, cgroups, folder, landlock)) {
            try mappings.withUnsafeMutableBufferPointer { mappings in
                try rlimits.withUnsafeMutableBufferPointer { rlimits in
                    var request = sandlot_spawn_request()
                    sandlot_spawn_request_init(&request)
                    request.candidates = candidates.constant
                    request.argv = UnsafePointer(argv.pointer)
                    request.envp = UnsafePointer(envp.pointer)
                    request.cwd = folder?.constant[0]
                    request.mappings = UnsafePointer(mappings.baseAddress)
                    request.mapping_count = mappings.count
                    request.limits = UnsafePointer(rlimits.baseAddress)
                    request.limit_count = rlimits.count
                    if !groups.isEmpty { request.cgroups = cgroups.constant }
                    if leadsSession { request.flags |= UInt32(SANDLOT_SPAWN_SETSID) }
                    if noNewPrivileges { request.flags |= UInt32(SANDLOT_SPAWN_NO_NEW_PRIVS) }
                    if let user {
                        request.flags |= UInt32(SANDLOT_SPAWN_SET_USER)
                        request.uid = user.uid
                        request.gid = user.gid
                    }
                    request.parent_death_signal = parentDeathSignal
                    if let landlock { request.landlock_ruleset = landlock.raw }
                    if let umask { request.umask = umask }
                    guard let filter else { return try Self.run(&request, executable) }
                    return try filter.withInstructions { instructions, count in
                        request.filter = instructions
                        request.filter_count = count
                        return try Self.run(&request, executable)
                    }
                }
            }
        }
    }

    private static func run(_ request: inout sandlot_spawn_request, _ executable: FilePath) throws -> SpawnedProcess {
        var result = sandlot_spawn_result()
        guard sandlot_spawn(&request, &result) == 0 else {
            throw SpawnFailure(executable: executable, stage: result.stage, number: result.error).error
        }
        var descriptor = result.pidfd
        if descriptor < 0 { descriptor = sandlot_pidfd_open(result.pid) }
        guard descriptor >= 0 else {
            let number = errno
            kill(result.pid, SIGKILL)
            var status: Int32 = 0
            while waitpid(result.pid, &status, 0) < 0 && errno == EINTR { continue }
            throw SandboxError.system("opening a descriptor of the new process", number, remedy: "use Linux 5.3 or newer")
        }
        return SpawnedProcess(pid: result.pid, descriptor: OwnedDescriptor(descriptor))
    }
}

/// Which step of a spawn failed.
struct SpawnFailure {
    var executable: FilePath
    var stage: Int32
    var number: Int32

    var error: SandboxError {
        let reason = SandboxError.reason(of: number)
        let code: SandboxError.Code = number == ENOENT ? .notFound : number == EACCES || number == EPERM ? .denied : .unavailable
        return SandboxError(code, "starting \(executable) failed while \(step): \(reason)")
    }

    private var step: String {
        switch UInt32(bitPattern: stage) {
        case SANDLOT_STAGE_CLONE.rawValue: "making the process"
        case SANDLOT_STAGE_CGROUP.rawValue: "joining its control group"
        case SANDLOT_STAGE_LIMITS.rawValue: "setting resource limits"
        case SANDLOT_STAGE_DESCRIPTORS.rawValue: "passing descriptors"
        case SANDLOT_STAGE_USER.rawValue: "switching the user"
        case SANDLOT_STAGE_DIRECTORY.rawValue: "entering its directory"
        case SANDLOT_STAGE_LANDLOCK.rawValue: "applying Landlock rules"
        case SANDLOT_STAGE_SECCOMP.rawValue: "installing the system call filter"
        case SANDLOT_STAGE_INTERPRETER.rawValue: "looking for the interpreter that it names"
        default: "executing it"
        }
    }
}

/// A NULL-ended array of C strings.
final class CStringList {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointer = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { pointer[index] = strdup(string) }
        pointer[strings.count] = nil
    }

    deinit {
        for index in 0..<count { free(pointer[index]) }
        pointer.deallocate()
    }

    /// As C code that promises not to write wants it.
    var constant: UnsafePointer<UnsafePointer<CChar>?> {
        UnsafeRawPointer(pointer).assumingMemoryBound(to: UnsafePointer<CChar>?.self)
    }
}
