import Foundation
import Logging
import SandboxCore
import SandboxHTTP

/// Sees to it that the engine has an image.
struct ImageSupply {
    let engine: EngineAPI
    let settings: ContainerSettings
    let logger: Logger

    /// The image as the engine knows it, fetched when it is missing and that is allowed.
    func ensure(_ name: String) async throws -> EngineMessage.Image {
        if let image = try await engine.image(name) { return image }
        guard settings.pull != .never else {
            throw SandboxError(
                .notFound, "the engine does not have the image '\(name)', and pull is 'never'", remedy: "pull or build it, or name another",
                backend: engine.dialect.id)
        }
        logger.info("pulling an image", metadata: ["image": "\(name)", "backend.id": "\(engine.dialect.id)"])
        do {
            try await pull(name)
        } catch let error as SandboxError where error.code != .cancelled {
            // Who has the image would not let us, nobody has it, it took too long, there is no room for it: each is a story of its own.
            let kept: Set<SandboxError.Code> = [.denied, .notFound, .timeout, .limitExceeded]
            throw SandboxError(
                kept.contains(error.code) ? error.code : .unavailable,
                "the engine does not have the image '\(name)' and cannot pull it: \(error.message)",
                remedy: error.remedy ?? "check the name and the network, or load the image into the engine", backend: engine.dialect.id,
                cause: error.cause)
        }
        guard let image = try await engine.image(name) else {
            throw SandboxError(
                .unavailable, "the engine pulled '\(name)' but does not have it", remedy: "try again", backend: engine.dialect.id)
        }
        return image
    }

    /// Fetches an image although the engine may have it, so that a tag that moved is followed. An image that only this engine has stays as it is.
    func refresh(_ name: String) async throws {
        guard settings.pull != .never else {
            throw SandboxError(
                .conflict, "the image '\(name)' cannot be refreshed, because pull is 'never'", remedy: "set pull to 'missing'",
                backend: engine.dialect.id)
        }
        try await pull(name)
    }

    private func pull(_ name: String) async throws {
        let call = HTTPCall(
            .post, engine.versioned("/images/create"), query: [("fromImage", Self.complete(name))], deadline: .seconds(settings.pullTimeout)
        )
        let dialect = engine.dialect
        try await engine.client.stream(call) { answer in
            var lines = ProgressLines()
            if !answer.isSuccess {
                var body: [UInt8] = []
                for try await piece in answer.body where body.count < 64 << 10 { body += piece }
                throw EngineAPI.refusal(HTTPAnswer(status: answer.status, body: body), "pulling", dialect)
            }
            // The status says nothing: it was sent before the work began. A failure is one of the lines.
            for try await piece in answer.body {
                for line in lines.add(piece) {
                    if let error = line.error { throw EngineAPI.failure(.unavailable, "pulling", error, dialect) }
                }
            }
        }
    }

    /// Without a tag an engine would fetch all of them.
    static func complete(_ name: String) -> String {
        let last = name.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        return last.contains(":") || last.contains("@") ? name : name + ":latest"
    }

    /// Refuses what is no image name before it gets into a path.
    static func check(_ name: String) throws -> String {
        let allowed = name.utf8.allSatisfy { byte in
            (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || ".-_/:@".utf8.contains(byte)
        }
        guard (1...512).contains(name.utf8.count), allowed, name.first?.isLetter == true || name.first?.isNumber == true,
            !name.contains(".."), !name.contains("//")
        else {
            throw SandboxError(
                .invalidArgument, "'\(name.prefix(100))' is not an image's name", remedy: "write repository:tag or repository@digest")
        }
        return name
    }
}

/// Cuts a stream of bytes into progress lines. Lines beyond a sane length are dropped.
struct ProgressLines {
    private var rest: [UInt8] = []

    mutating func add(_ bytes: [UInt8]) -> [EngineMessage.Progress] {
        rest += bytes
        var found: [EngineMessage.Progress] = []
        while let end = rest.firstIndex(of: 10) {
            if let line = try? JSONDecoder().decode(EngineMessage.Progress.self, from: Data(rest[..<end])) { found.append(line) }
            rest.removeFirst(end + 1)
        }
        if rest.count > 1 << 20 { rest = [] }
        return found
    }
}
