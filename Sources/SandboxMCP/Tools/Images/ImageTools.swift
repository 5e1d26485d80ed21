import SandboxCore
import SandboxEngine

extension Tool {
    static let imageList = Tool(
        name: "image_list", title: "List images",
        description: "List built images, saved names (@name), package sets and each backend's default image.",
        parameters: [], hints: .looks, isForAllSessions: true
    ) { _, context in
        let images = context.engine.images
        var problems: [String] = []
        let built = try await images.list { problems.append("\($0): \($1)") }
        let (saved, defaults) = (try await images.saved(), try await images.defaults())
        var lines = built.prefix(50).map { kept in
            "\(kept.image.reference) · \(kept.image.backend) · \(kept.image.packages.count) packages · used by \(kept.image.users)"
        }
        if built.isEmpty { lines.append("no image is built yet") }
        if built.count > 50 { lines.append("[\(built.count - 50) older ones are left out]") }
        lines += saved.map { "saved @\($0.name)" }
        lines += images.sets.map { "set @\($0.name): \($0.summary)" }
        lines += defaults.map { "default of \($0.backend): \($0.decision.image ?? "its own") (\($0.decision.reason))" }
        lines += problems
        return ToolResult(
            lines.joined(separator: "\n"),
            [
                "images": .array(built.prefix(50).map { ImageFacts.data($0.image) }), "total": .count(built.count),
                "saved": .array(saved.map { .string("@" + $0.name) }), "sets": .array(images.sets.map { .string("@" + $0.name) }),
                "defaults": .array(
                    defaults.map { ["backend": .string($0.backend.rawValue), "image": .words($0.decision.image)] }),
                "problems": .array(problems.map { .string($0) }),
            ])
    }

    static let imageCheck = Tool(
        name: "image_check", title: "Check packages",
        description: "Tell which packages an image has, which could be installed, and which do not exist. Nothing is built.",
        parameters: [
            .packages, .text("base", "Image to look into; without it the backend's own."),
            .text("backend", "Which backend; without it the first that builds images."),
        ],
        hints: Hints(idempotent: true, openWorld: true), isForAllSessions: true
    ) { arguments, context in
        let backend = try arguments.text("backend").map { try BackendID(validating: $0) }
        let report = try await context.engine.images.check(
            try ImageFacts.packages(arguments), base: try ImageFacts.base(arguments), on: backend)
        let lines = report.entries.map { entry in
            "\(entry.name): \(entry.verdict.rawValue)"
                + (entry.packages == [entry.name] ? "" : " (\(entry.packages.joined(separator: " ")))")
        }
        return ToolResult(
            "\(report.base): \(report.distribution), \(report.packageManager)\n" + lines.joined(separator: "\n"),
            [
                "base": .string(report.base), "distribution": .string(report.distribution),
                "packages": .array(
                    report.entries.map {
                        [
                            "name": .string($0.name), "verdict": .string($0.verdict.rawValue),
                            "packages": .array($0.packages.map { .string($0) }),
                        ]
                    }),
            ])
    }

    static let imageBuild = Tool(
        name: "image_build", title: "Build an image",
        description: """
            Build an image with packages, or find it built, and give its name for session_open's `image`. It can take minutes; the log comes \
            as progress. The same packages are built once.
            """,
        parameters: [
            .packages, .text("base", "Image to start from; without it the backend's own."),
            .text("backend", "Which backend; without it the first that builds images."),
        ],
        hints: Hints(idempotent: true, openWorld: true), isForAllSessions: true
    ) { arguments, context in
        let images = context.engine.images
        let backend = try arguments.text("backend").map { try BackendID(validating: $0) }
        let spec = images.spec(packages: try ImageFacts.packages(arguments), base: try ImageFacts.base(arguments))
        let latest = LatestOutput()
        let result = try await withThrowingTaskGroup(of: ImageBuildResult?.self) { group in
            group.addTask { try await images.build(spec, on: backend) { latest.replace(Array($0.utf8)) } }
            if let progress = context.progress {
                group.addTask {
                    await progress.tell(latest)
                    return nil
                }
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            throw CancellationError()
        }
        let seconds = result.duration.components.seconds
        return ToolResult(
            "\(result.image.reference)\n\(result.wasBuilt ? "built in \(seconds) s" : "was there already") on \(result.image.backend)",
            ["image": ImageFacts.data(result.image), "built": .boolean(result.wasBuilt)])
    }
}

extension Parameter {
    fileprivate static let packages = Parameter(
        name: "packages", isRequired: true,
        schema: [
            "type": "array", "items": ["type": "string"], "minItems": 1,
            "description": "Packages by their Debian names, and sets such as core (image_list shows them).",
        ])
}

/// What image tools are given and tell.
private enum ImageFacts {
    static func packages(_ arguments: ToolArguments) throws -> [String] {
        guard let packages = try arguments.list("packages"), !packages.isEmpty else {
            throw ToolArguments.wrong("'packages' is empty", "name one, or a set such as core")
        }
        return packages
    }

    static func base(_ arguments: ToolArguments) throws -> String? { try arguments.text("base") }

    static func data(_ image: BuiltImage) -> JSON {
        [
            "reference": .string(image.reference), "backend": .string(image.backend.rawValue), "base": .words(image.base),
            "packages": .array(image.packages.map { .string($0) }), "users": .count(image.users),
        ]
    }
}
