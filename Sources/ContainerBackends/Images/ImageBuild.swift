import Foundation
import Logging
import SandboxCore
import SandboxHTTP
import SandboxImages

/// One build at an engine. The image gets a name of its own while it is built, and its real one only when everything went well.
struct ImageBuild: Sendable {
    let engine: EngineAPI
    let plan: ImagePlan
    let owner: OwnerLabel
    let settings: ImageBuildSettings
    let logger: Logger

    /// No build takes longer, whoever waits for it.
    private static let deadline = Duration.seconds(86_400)
    private static let tailLength = 6

    func run(usingCache: Bool, log: @escaping @Sendable (String) async throws -> Void) async throws {
        let draft = "b\(UInt64.random(in: 0 ... .max))"
        let draftName = "\(ImageLabels.draftRepository):\(draft)"
        let result: Result<Void, any Error>
        do {
            try await build(as: draftName, usingCache, log)
            guard let made = try await engine.imageDetails(draftName) else {
                throw SandboxError(
                    .protocolViolation, "the engine says that it built an image, but does not have it", remedy: "look at the engine's log",
                    backend: engine.dialect.id)
            }
            try Task.checkCancellation()
            let before = try await engine.imageDetails(plan.reference)
            let tag = plan.reference.split(separator: ":").last.map(String.init) ?? ""
            try await engine.tag(Self.bare(made.Id), repository: ImageName.repository, tag: tag)
            // Built anew without the cache: what had the name before is nobody's now, unless a container is still made from it.
            if let before, before.Id != made.Id { try? await engine.removeImage(Self.bare(before.Id)) }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        // Owned and awaited: the name of the draft goes although this task may be cancelled.
        await Task {
            do { try await engine.removeImage(draftName) } catch {
                logger.warning("the draft of an image stays", metadata: ["image": "\(draftName)", "error": "\(error)"])
            }
        }.value
        try result.get()
    }

    private func build(as name: String, _ usingCache: Bool, _ log: @escaping @Sendable (String) async throws -> Void) async throws {
        func json(_ values: [String: String]) throws -> String { String(decoding: try JSONEncoder().encode(values), as: UTF8.self) }
        var query = [
            (name: "t", value: name), (name: "dockerfile", value: "Dockerfile"), (name: "rm", value: "1"), (name: "forcerm", value: "1"),
            (name: "pull", value: "0"), (name: "version", value: "1"), (name: "nocache", value: usingCache ? "0" : "1"),
            (name: "labels", value: try json(ImageLabels.of(plan, owner: owner))),
        ]
        let arguments = settings.arguments(of: plan)
        if !arguments.isEmpty { query.append((name: "buildargs", value: try json(arguments))) }
        if let network = settings.network { query.append((name: "networkmode", value: network)) }
        let context = SmallArchive.containing("Dockerfile", Array(plan.recipe.utf8))
        let call = HTTPCall(
            .post, engine.versioned("/build"), query: query, body: .bytes(context, type: "application/x-tar"), deadline: Self.deadline)
        let dialect = engine.dialect
        try await engine.client.stream(call) { answer in
            guard answer.isSuccess else { throw try await EngineAPI.refusal(of: answer, "building the image", dialect) }
            var lines = ProgressLines()
            var text = BuildText()
            var complaints = BuildComplaints()
            var tail: [String] = []
            for try await piece in answer.body {
                for progress in lines.add(piece) {
                    for line in text.add(progress.stream ?? progress.status.map { $0 + "\n" } ?? "") {
                        complaints.hear(line)
                        tail = (tail + [String(line.prefix(200))]).suffix(Self.tailLength)
                        try await log(line)
                    }
                    if let error = progress.error { throw Self.failure(error, complaints, tail, dialect) }
                }
            }
            if let rest = text.rest { try await log(rest) }
        }
    }

    private static func failure(_ words: String, _ complaints: BuildComplaints, _ tail: [String], _ dialect: EngineDialect) -> SandboxError
    {
        if !complaints.unknown.isEmpty {
            return SandboxError(
                .invalidArgument, "the distribution has no packages called \(complaints.unknown.map { "'\($0)'" }.joined(separator: ", "))",
                remedy: "correct the names, or leave them out", backend: dialect.id)
        }
        // Of a step, or of the engine itself.
        if complaints.diskIsFull || words.contains("no space left on device") {
            return SandboxError(
                .limitExceeded, "the engine's disk is full: the image could not be built", remedy: "make room: sandlot image prune",
                backend: dialect.id)
        }
        // The engine repeats the whole step that failed, which the reader has before them already.
        let said = words.split(separator: "\n").joined(separator: "; ")
        let end = said.count > 300 ? "…" + said.suffix(300) : said[...]
        let last = tail.isEmpty ? "" : "; it wrote last: \(tail.joined(separator: " | "))"
        return SandboxError(
            .invalidArgument, "the image could not be built: \(end)\(last)", remedy: "read the build's log, correct the recipe, try again",
            backend: dialect.id)
    }

    /// Digests in paths: not every engine takes the algorithm's name there.
    static func bare(_ id: String) -> String { id.hasPrefix("sha256:") ? String(id.dropFirst(7)) : id }
}

/// Cuts the pieces of a build's output into lines. A line is cut at 4 KiB; colours go, and no other escape sequence moves a cursor.
struct BuildText {
    private var pending = ""
    private static let limit = 4096

    mutating func add(_ text: String) -> [String] {
        pending += text
        guard pending.unicodeScalars.contains(where: { $0 == "\n" || $0 == "\r" }) || pending.utf8.count > Self.limit else { return [] }
        var lines = pending.split(omittingEmptySubsequences: false) { $0.isNewline }
        pending = lines.popLast().map(String.init) ?? ""
        if pending.utf8.count > Self.limit {
            lines.append(pending[...])
            pending = ""
        }
        return lines.map { Self.clean($0) }.filter { !$0.isEmpty }
    }

    /// What has no line end.
    var rest: String? { pending.isEmpty ? nil : Self.clean(pending[...]) }

    private static func clean(_ line: Substring) -> String {
        var plain = String.UnicodeScalarView()
        var rest = line.prefix(limit).unicodeScalars[...]
        while let scalar = rest.popFirst() {
            if scalar == "\u{1B}", rest.first == "[" {
                rest = rest.dropFirst().drop { !(0x40...0x7E).contains($0.value) }.dropFirst()
                continue
            }
            plain.append(scalar == "\t" ? " " : scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "?" : scalar)
        }
        var text = String(plain)
        while text.last == " " { text.removeLast() }
        return text
    }
}
