/// A backend that makes images of its own from specifications. It claims the capability `image-build`; no other backend does.
public protocol ImageBuildingBackend: SandboxBackend {
    /// Works out what a specification comes to here and now, and builds nothing. The base is fetched when it is missing and may be, or in any
    /// case with `refreshingBase`. Throws `invalidArgument` that names every package that is unknown or that the distribution does not have,
    /// `notFound` for a base that is not there.
    func plan(_ spec: ImageSpec, refreshingBase: Bool) async throws -> ImagePlan

    /// The image of this name if it exists and Sandlot built it.
    func builtImage(_ reference: String) async throws -> BuiltImage?

    /// Builds what a plan says and names it as the plan says; the owner is recorded with it. `log` is awaited with every line of the build. When
    /// this throws, or its task is cancelled, nothing has the plan's name. Throws `invalidArgument` for a recipe that does not work.
    ///
    /// With `usingCache` false nothing of an earlier build is used again.
    func build(
        _ plan: ImagePlan, owner: OwnerLabel, usingCache: Bool, log: @escaping @Sendable (String) async throws -> Void
    ) async throws -> BuiltImage

    /// Every image that Sandlot built here, whoever's; newest first.
    func builtImages() async throws -> [BuiltImage]

    /// Removes an image that Sandlot built. Idempotent. Throws `denied` for an image that Sandlot did not build, `conflict` for one that is used.
    func removeImage(_ reference: String) async throws

    /// What the image store takes, asked of the backend.
    func imageStoreUsage() async throws -> ImageStoreUsage

    /// Tells which packages a base has; nil is the backend's own base. Runs nothing of the base where its files tell.
    func checkPackages(_ names: [String], base: String?) async throws -> PackageReport

    /// Hands an image over as an archive that engines can load, piece by piece.
    func exportImage(_ reference: String, to sink: @escaping @Sendable ([UInt8]) async throws -> Void) async throws
}
