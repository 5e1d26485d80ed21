import Foundation
import SandboxCore
import SandboxHTTP

/// The calls about images. Names were checked by `ImageSupply.check` before they get into a path.
extension EngineAPI {
    private static let quick = Duration.seconds(30)
    /// A list of installed packages can be some megabytes.
    private static let fileLimit = 32 << 20

    /// Nil when the engine does not have it.
    func imageDetails(_ name: String) async throws -> EngineMessage.ImageDetails? {
        let answer = try await send(
            HTTPCall(.get, "/images/\(name)/json", deadline: Self.quick), "looking for the image \(name)", also: [404])
        return answer.status == 404 ? nil : try Self.decode(EngineMessage.ImageDetails.self, answer, dialect)
    }

    func images(labelled label: String) async throws -> [EngineMessage.ImageListed] {
        let filters = String(decoding: try JSONEncoder().encode(["label": [label]]), as: UTF8.self)
        let answer = try await send(
            HTTPCall(.get, "/images/json", query: [("filters", filters)], deadline: Self.slow), "listing images")
        return try Self.decode([EngineMessage.ImageListed].self, answer, dialect)
    }

    func containerUses(labelled label: String? = nil) async throws -> [EngineMessage.ContainerUse] {
        var query = [(name: "all", value: "1")]
        if let label {
            query.append((name: "filters", value: String(decoding: try JSONEncoder().encode(["label": [label]]), as: UTF8.self)))
        }
        let answer = try await send(HTTPCall(.get, "/containers/json", query: query, deadline: Self.quick), "listing containers")
        return try Self.decode([EngineMessage.ContainerUse].self, answer, dialect)
    }

    func diskUsage() async throws -> EngineMessage.DiskUsage {
        let call = HTTPCall(.get, "/system/df", deadline: Self.slow)
        let what = "asking for the disk's use"
        for _ in 1..<dialect.countingAttempts {
            do {
                return try Self.decode(EngineMessage.DiskUsage.self, try await send(call, what), dialect)
            } catch let error as SandboxError where ![.unavailable, .timeout, .cancelled, .denied].contains(error.code) {
                continue
            }
        }
        return try Self.decode(EngineMessage.DiskUsage.self, try await send(call, what), dialect)
    }

    func tag(_ image: String, repository: String, tag: String) async throws {
        _ = try await send(
            HTTPCall(.post, "/images/\(image)/tag", query: [("repo", repository), ("tag", tag)], deadline: Self.quick), "naming the image")
    }

    /// Takes a name away, and the image with its last one. Idempotent; `conflict` while a container is made from it.
    func removeImage(_ name: String) async throws {
        _ = try await send(
            HTTPCall(.delete, "/images/\(name)", query: [("force", "0")], deadline: Self.slow), "removing the image \(name)", also: [404])
    }

    /// Removes what failed builds left: nameless layers with the label that only our recipes' layers have, older than any build may take.
    /// Younger ones are the cache of the next attempt; what was made from a finished image of ours also has that image's label and is not ours.
    func removeLeftLayers() async throws {
        let filters = String(
            decoding: try JSONEncoder().encode(["label": [ImageLabels.layer], "dangling": ["true"]]), as: UTF8.self)
        let answer = try await send(
            HTTPCall(.get, "/images/json", query: [("filters", filters)], deadline: Self.slow), "listing left layers")
        let cutoff = Timekeeping.now() - 86_400
        for image in try Self.decode([EngineMessage.ImageListed].self, answer, dialect) {
            guard image.Labels?[ImageLabels.layer] != nil, image.Labels?[ImageLabels.image] == nil, (image.Created ?? .max) < cutoff,
                (image.RepoTags ?? []).allSatisfy({ $0 == "<none>:<none>" })
            else { continue }
            try? await removeImage(ImageBuild.bare(image.Id))
        }
    }

    func create(_ look: EngineMessage.Look) async throws -> String {
        let body = HTTPCall.Body.bytes(Array(try JSONEncoder().encode(look)), type: "application/json")
        let name = "sandlot-look-\(UInt64.random(in: 0 ... .max))"
        let call = HTTPCall(.post, "/containers/create", query: [("name", name)], body: body, deadline: Self.slow)
        return try Self.decode(EngineMessage.Created.self, try await send(call, "looking into an image"), dialect).Id
    }

    /// The archive of one path of a container, running or not; nil when there is nothing.
    func archive(_ path: String, of container: String) async throws -> [UInt8]? {
        let call = HTTPCall(
            .get, versioned("/containers/\(container)/archive"), query: [("path", path)], deadline: Self.slow)
        let answer = try await client.send(call, limit: Self.fileLimit)
        guard answer.isSuccess || answer.status == 404 else { throw Self.refusal(answer, "reading \(path) of an image", dialect) }
        return answer.status == 404 ? nil : answer.body
    }

    /// What a container with a terminal wrote.
    func output(of container: String) async throws -> [UInt8] {
        let call = HTTPCall(.get, versioned("/containers/\(container)/logs"), query: [("stdout", "1")], deadline: Self.quick)
        let answer = try await client.send(call, limit: Self.fileLimit)
        guard answer.isSuccess else { throw Self.refusal(answer, "reading what a container wrote", dialect) }
        return answer.body
    }

    /// An image as `save` writes it.
    func export(_ name: String, deadline: Duration, to sink: @escaping @Sendable ([UInt8]) async throws -> Void) async throws {
        let dialect = dialect
        try await client.stream(HTTPCall(.get, versioned("/images/\(name)/get"), deadline: deadline)) { answer in
            guard answer.isSuccess else { throw try await Self.refusal(of: answer, "exporting the image \(name)", dialect) }
            for try await piece in answer.body { try await sink(piece) }
        }
    }

    /// The refusal that a streamed answer holds.
    static func refusal(of answer: HTTPStreamedAnswer, _ what: String, _ dialect: EngineDialect) async throws -> SandboxError {
        var body: [UInt8] = []
        for try await piece in answer.body where body.count < 64 << 10 { body += piece }
        return refusal(HTTPAnswer(status: answer.status, body: body), what, dialect)
    }
}
