public import SandboxCore
public import SandboxEngine

/// A build, as it is now.
public struct ImageBuildBody: Sendable, Codable, Equatable {
    public var id: ImageBuildID
    public var state: ImageJob.State
    public var spec: ImageSpecBody
    /// That builds it; where it was left to the server it is told at the end.
    public var backend: BackendID?
    /// The built image's name, when it finished.
    public var reference: String?
    /// False when it existed already.
    public var built: Bool?
    /// Bytes, where the backend tells.
    public var size: UInt64?
    public var plan: ImagePlanBody?
    /// Under which it is saved.
    public var name: String?
    /// Lines of its log so far.
    public var lines: Int
    public var failure: ErrorBody.Failure?
    public var startedAt: Int64
    public var endedAt: Int64?

    /// Tells a build.
    public init(_ job: ImageJob) {
        id = job.id
        state = job.state
        spec = ImageSpecBody(job.spec)
        backend = job.result?.image.backend ?? job.backend
        reference = job.result?.image.reference
        built = job.result?.wasBuilt
        size = job.result?.image.size
        plan = (job.result?.plan).map(ImagePlanBody.init)
        name = job.name
        lines = job.lines
        failure = job.failure.map { ErrorBody.Failure($0) }
        startedAt = job.startedAt.milliseconds
        endedAt = job.endedAt?.milliseconds
    }
}

/// Builds, oldest first.
public struct ImageBuildListBody: Sendable, Codable, Equatable {
    public var builds: [ImageBuildBody]
    /// Creates a list.
    public init(builds: [ImageBuildBody]) { self.builds = builds }
}

/// One line of a build's stream.
public enum ImageBuildEvent: Sendable, Codable, Equatable {
    /// A line of the log with its number.
    case log(Int, String)
    /// So many lines are left out.
    case skipped(Int)
    /// The last one.
    case ended(ImageBuildBody)
    /// What every stream has: a sign of life, a notice, a failure.
    case other(StreamEvent)

    private enum Keys: String, CodingKey {
        case type, line, text, count, build
    }

    /// Tells what the engine tells.
    public init(_ event: ImageJobEvent) {
        switch event {
        case .line(let number, let text): self = .log(number, text)
        case .skipped(let count): self = .skipped(count)
        case .ended(let job): self = .ended(ImageBuildBody(job))
        }
    }

    /// The word in `type`.
    public var word: String {
        switch self {
        case .log: "log"
        case .skipped: "skipped"
        case .ended: "ended"
        case .other(let event): event.word
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "log": self = .log(try container.decode(Int.self, forKey: .line), try container.decode(String.self, forKey: .text))
        case "skipped": self = .skipped(try container.decode(Int.self, forKey: .count))
        case "ended": self = .ended(try container.decode(ImageBuildBody.self, forKey: .build))
        default: self = .other(try StreamEvent(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        if case .other(let event) = self { return try event.encode(to: encoder) }
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(word, forKey: .type)
        switch self {
        case .log(let line, let text):
            try container.encode(line, forKey: .line)
            try container.encode(text, forKey: .text)
        case .skipped(let count): try container.encode(count, forKey: .count)
        case .ended(let build): try container.encode(build, forKey: .build)
        case .other: break
        }
    }
}
