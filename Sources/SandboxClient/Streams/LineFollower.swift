import SandboxAPI
import SandboxCore
import SandboxHTTP

/// Follows a stream of lines that have a place each, and takes it up again behind the last one that came when the connection breaks.
actor LineFollower<Line: Decodable & Sendable, Element: Sendable> {
    /// What a line means.
    enum Step {
        /// Something to hand on, and the place behind it; without a place the stream is taken up where it was.
        case element(Element, place: Int64?)
        /// The last one.
        case last(Element)
        /// What every stream has.
        case other(StreamEvent)
    }

    private let client: SandlotClient
    private let call: @Sendable (_ place: Int64) -> APICall
    private let step: @Sendable (Line) -> Step
    /// The stream ends by itself where nothing more is there.
    private let endsItself: Bool
    private var place: Int64
    private var lines: LineStream<Line>?
    private var failures = 0
    private var isOver = false

    init(
        _ client: SandlotClient, from place: Int64, endsItself: Bool, call: @escaping @Sendable (Int64) -> APICall,
        step: @escaping @Sendable (Line) -> Step
    ) {
        self.client = client
        self.place = place
        self.endsItself = endsItself
        self.call = call
        self.step = step
    }

    /// The next element; nil at the end.
    func next() async throws -> Element? {
        while !isOver {
            do {
                guard let line = try await opened().next() else {
                    guard endsItself else { throw Self.broken }
                    return nil
                }
                switch step(line) {
                case .element(let element, let reached):
                    failures = 0
                    place = reached ?? place
                    return element
                case .last(let element):
                    isOver = true
                    lines = nil
                    return element
                case .other(.notice(let notice)): throw SandboxError(.unavailable, notice.message, remedy: "ask again")
                case .other(.failure(let failure)): throw failure.asError
                case .other: continue
                }
            } catch let error as SandboxError where error.code == .unavailable || error.code == .timeout {
                lines = nil
                failures += 1
                guard failures < client.patience.attempts else { throw error }
                try await Task.sleep(for: client.patience.pause * (1 << min(failures - 1, 6)))
            }
        }
        return nil
    }

    private static var broken: SandboxError { SandboxError(.unavailable, "the server broke its stream off", remedy: "ask for it again") }

    private func opened() async throws -> LineStream<Line> {
        if let lines { return lines }
        let fresh = LineStream<Line>(try await client.open(call(place)).body)
        lines = fresh
        return fresh
    }
}
