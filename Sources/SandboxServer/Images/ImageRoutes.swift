import Hummingbird
import SandboxAPI
import SandboxCore
import SandboxEngine

/// `/v1/images`: what sandboxes are made from. Images belong to the whole machine, so a token for one session reaches none of it.
struct ImageRoutes: Sendable {
    let desk: SessionDesk

    private var images: EngineImages { desk.engine.images }

    func add(to routes: inout ServerRoutes) {
        routes.on(.listImages) { _, context, query in try await list(context, query) }
        routes.on(.showImage) { _, context, query in try await show(context, query) }
        routes.on(.imageLog) { _, context, query in
            try context.granted().require(session: nil)
            guard let image = try query.text("image"), let backend = try Self.backend(query), let log = images.log(of: image, on: backend)
            else { throw SandboxError(.notFound, "there is no log of such a build", remedy: "list the images") }
            return ByteAnswer.response(.ok, type: "text/plain; charset=utf-8") {
                var pieces = log.makeAsyncIterator()
                return try await pieces.next()
            }
        }
        routes.on(.removeImage) { _, context, query in
            try context.granted().require(session: nil)
            let image = try query.text("image") ?? ""
            if image.hasPrefix("@") {
                try await images.forget(String(image.dropFirst()))
                return try JSONAnswer.response(.ok, ImageRemovalBody(removedFrom: []))
            }
            return try JSONAnswer.response(.ok, ImageRemovalBody(removedFrom: try await images.remove(image, on: Self.backend(query))))
        }
        routes.on(.pruneImages) { request, context, _ in
            try context.granted().require(session: nil)
            let wish = try await request.decoded(ImagePruneWish.self)
            let (age, disuse) = try wish.ages()
            let dryRun = wish.dryRun ?? false
            let pruning = try await images.prune(olderThan: age, unusedFor: disuse, on: wish.backend, dryRun: dryRun)
            return try JSONAnswer.response(.ok, ImagePruningBody(pruning, dryRun: dryRun))
        }
        routes.on(.checkPackages) { request, context, _ in
            try context.granted().require(session: nil)
            let check = try await request.decoded(PackageCheck.self)
            let report = try await WhileAsked.run("nothing") { try await images.check(check.packages, base: check.base, on: check.backend) }
            return try JSONAnswer.response(.ok, report)
        }
        routes.on(.setDefaultImage) { request, context, _ in
            try context.granted().require(session: nil)
            let change = try await request.decoded(ImageDefaultChange.self)
            try await images.setDefault(change.image, on: change.backend)
            return try JSONAnswer.response(.ok, ImageDefaultsBody(defaults: try await defaults()))
        }
    }

    private func list(_ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        try context.granted().require(session: nil)
        let backend = try Self.backend(query)
        var problems: [String] = []
        let found = try await images.list(on: backend) { problems.append("\($0): \($1)") }
        var stores: [ImageListBody.Store]?
        if try query.flag("usage") ?? false {
            let usage = try await images.usage(on: backend) { problems.append("\($0): \($1)") }
            stores = usage.map { .init(backend: $0.backend, usage: $0.usage) }
        }
        return try JSONAnswer.response(
            .ok,
            ImageListBody(
                images: found.map(BuiltImageBody.init),
                saved: try await images.saved().map { .init(name: $0.name, spec: $0.spec) }, defaults: try await defaults(),
                sets: images.sets, stores: stores, problems: problems))
    }

    private func show(_ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        let grant = try context.granted()
        try grant.require(session: nil)
        let (image, backend) = (try query.text("image") ?? "", try Self.backend(query))
        var plan: ImagePlan?
        if image.hasPrefix("@") {
            try grant.require(.exec)
            if let spec = try await images.spec(of: image) {
                plan = try await WhileAsked.run("nothing") { try await images.plan(spec, on: backend) }
            }
        }
        let reference = plan?.reference ?? image
        let kept = try await images.show(reference, on: plan?.backend ?? backend)
        guard kept != nil || plan != nil else {
            throw SandboxError(.notFound, "there is no built image '\(image.prefix(200))'", remedy: "list the images")
        }
        return try JSONAnswer.response(
            .ok, ImageDetailsBody(reference: reference, image: kept.map(BuiltImageBody.init), plan: plan.map(ImagePlanBody.init)))
    }

    private func defaults() async throws -> [ImageDefaultBody] {
        try await images.defaults().map { ImageDefaultBody($0.backend, $0.decision) }
    }

    private static func backend(_ query: RequestQuery) throws -> BackendID? {
        try query.text("backend").map { try BackendID(validating: $0) }
    }
}
