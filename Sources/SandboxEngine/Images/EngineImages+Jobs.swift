public import SandboxCore
import SandboxImages
import SystemPackage

extension EngineImages {
    /// Begins a build that goes on by itself; `saveAs` keeps its specification under a name once it is built.
    ///
    /// Throws `invalidArgument` for a name that cannot be, `limitExceeded` while too many builds run.
    public func start(
        _ spec: ImageSpec, on backend: BackendID? = nil, options: ImageBuildOptions = ImageBuildOptions(), saveAs name: String? = nil
    ) throws -> ImageJob {
        if let name { try Self.check(name: name) }
        let jobs = engine.imageJobs
        let job = ImageJob(id: .random(), spec: spec, backend: backend, name: name, startedAt: .now())
        let life = try jobs.add(job)
        let started = engine.tasks.start {
            let result = await CancellableWork.run(until: life) {
                let built = try await build(spec, on: backend, options: options) { jobs.write($0, to: job.id) }
                if let name { try await save(spec, as: name) }
                return built
            }
            jobs.end(job.id, result)
        }
        guard started else {
            let error = SandboxError(.unavailable, "the engine was shut down", remedy: "open another one")
            jobs.end(job.id, .failure(error))
            throw error
        }
        return job
    }

    /// The builds that were begun here: those that run and the latest that are over, oldest first.
    public var jobs: [ImageJob] { engine.imageJobs.all }

    /// One of them. Throws `notFound`.
    public func job(_ id: ImageBuildID) throws -> ImageJob { try engine.imageJobs.job(id) }

    /// Its log behind a line, then its end. Throws `notFound`.
    public func follow(_ id: ImageBuildID, after line: Int = 0) throws -> SandboxStream<ImageJobEvent> {
        let reader = ImageJobReader(try engine.imageJobs.listen(id, after: line), after: line)
        return SandboxStream { await reader.next() }
    }

    /// Waits for its end. Throws `notFound`.
    public func wait(for id: ImageBuildID) async throws -> ImageJob {
        for try await event in try follow(id, after: .max - 1) {
            if case .ended(let job) = event { return job }
        }
        try Task.checkCancellation()
        return try job(id)
    }

    /// Cancels it; nothing when it is over. A build that others wait for too goes on for them. Throws `notFound`.
    public func cancel(_ id: ImageBuildID) throws { try engine.imageJobs.cancel(id) }

    /// What installs packages and sets, named as people name them: `core` is the set `@core`.
    public func spec(packages words: [String], base: String? = nil) -> ImageSpec {
        ImageSpec(base: base, .packages(Self.names(words) + engine.configuration.images.extraPackages))
    }

    static func names(_ words: [String]) -> [String] { words.map { PackageSet.named($0) != nil ? "@" + $0 : $0 } }

    /// The log of an image's last build; nil where there is none.
    public func log(of reference: String, on backend: BackendID) -> SandboxStream<[UInt8]>? {
        let path = logFile(of: reference, on: backend)
        guard let file = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow]) else { return nil }
        let log = LogFile(file)
        return SandboxStream { try log.next() }
    }
}

/// A file that is closed when nobody reads it any more.
private final class LogFile: Sendable {
    private let file: FileDescriptor

    init(_ file: FileDescriptor) { self.file = file }

    deinit { try? file.close() }

    func next() throws -> [UInt8]? {
        let piece = try [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
            count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
        return piece.isEmpty ? nil : piece
    }
}
