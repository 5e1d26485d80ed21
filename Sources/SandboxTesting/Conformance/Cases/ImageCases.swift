import SandboxCore

/// Images that a backend makes: found again by name, usable, and never there after a failure.
enum ImageCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("image.capability-agrees", "image-build is claimed exactly by backends that build images, and with images") { c in
            let builds = c.backend is any ImageBuildingBackend
            try c.expect(c.claims(.imageBuild), equals: builds, "the claim of image-build")
            if builds { try c.expect(c.claims(.images), "images to be claimed as well", found: "image-build alone") }
        },
        ConformanceCase("image.plan-is-stable", "planning twice comes to the same, and builds nothing", requires: [.imageBuild]) { c in
            let builder = try builder(c)
            // A recipe of its own: other cases build meanwhile.
            let base = try await builder.plan(ImageSpec(.base), refreshingBase: false).base ?? "scratch"
            let spec = ImageSpec(.dockerfile("FROM \(base)\nRUN true planned only\n"))
            let first: ImagePlan
            do {
                first = try await builder.plan(spec, refreshingBase: false)
            } catch let error as SandboxError where error.code == .unsupported {
                throw ConformanceSkip("it builds no Dockerfiles")
            }
            let second = try await builder.plan(spec, refreshingBase: false)
            try c.expect(first == second, "equal plans", found: "\(first.reference) and \(second.reference)")
            try c.expect(try await builder.builtImage(first.reference) == nil, "no image", found: first.reference)
        },
        ConformanceCase(
            "image.build-and-use", "a built image is found by its name, listed, used by a sandbox, and gone after its removal",
            requires: [.imageBuild], deadline: .seconds(300)
        ) { c in
            let builder = try builder(c)
            let plan = try await builder.plan(ImageSpec(.base), refreshingBase: false)
            let built = try await builder.build(plan, owner: c.owner, usingCache: true) { _ in }
            try c.expect(built.reference, equals: plan.reference, "the name")
            try c.expect(try await builder.builtImage(plan.reference)?.id, equals: built.id, "the id of what is found")
            let listed = try await builder.builtImages().first { $0.reference == plan.reference }
            try c.expect(listed?.owner, equals: c.owner, "the owner in the list")
            let sandbox = try await c.makeSandbox { $0.image = .reference(plan.reference) }
            try c.expect(try await c.shell("exit 7", in: sandbox).outcome, equals: .exited(code: 7), "the outcome in a sandbox of it")
            try await sandbox.destroy()
            try await builder.removeImage(plan.reference)
            try c.expect(try await builder.builtImage(plan.reference) == nil, "nothing after the removal", found: "the image")
            try await builder.removeImage(plan.reference)
        },
        ConformanceCase(
            "image.impossible-package", "a name that no package can have is refused as soon as it is planned", requires: [.imageBuild]
        ) { c in
            let builder = try builder(c)
            try await c.expectError([.invalidArgument], "a package with a blank in its name") {
                _ = try await builder.plan(ImageSpec(.packages(["no; such package"])), refreshingBase: false)
            }
        },
        ConformanceCase("image.others-stay", "an image that Sandlot did not build is not removed", requires: [.imageBuild]) { c in
            let builder = try builder(c)
            guard let base = try await builder.plan(ImageSpec(.base), refreshingBase: false).base else {
                throw ConformanceSkip("the base has no name")
            }
            try await c.expectError([.denied, .notFound], "removing the base") { try await builder.removeImage(base) }
            _ = try await builder.plan(ImageSpec(.base), refreshingBase: false)
        },
        ConformanceCase(
            "image.failed-build", "a build that fails leaves no image of the plan's name", requires: [.imageBuild], deadline: .seconds(300)
        ) { c in
            let builder = try builder(c)
            let base = try await builder.plan(ImageSpec(.base), refreshingBase: false).base ?? "scratch"
            let plan: ImagePlan
            do {
                plan = try await builder.plan(ImageSpec(.dockerfile("FROM \(base)\nRUN exit 3\n")), refreshingBase: false)
            } catch let error as SandboxError where error.code == .unsupported {
                throw ConformanceSkip("it builds no Dockerfiles")
            }
            try await c.expectError([.invalidArgument], "a step that exits 3") {
                _ = try await builder.build(plan, owner: c.owner, usingCache: true) { _ in }
            }
            try c.expect(try await builder.builtImage(plan.reference) == nil, "no image", found: plan.reference)
        },
    ]

    private static func builder(_ c: ConformanceContext) throws -> any ImageBuildingBackend {
        guard let builder = c.backend as? any ImageBuildingBackend else {
            throw ConformanceFailure(expected: "a backend that builds images", found: "one that only claims it")
        }
        return builder
    }
}
