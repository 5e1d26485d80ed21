import SandboxCore
import SandboxImages

/// What marks an image as built by Sandlot. Containers inherit the labels of their image, so none of these is one that marks containers.
enum ImageLabels {
    static let image = "dev.sandlot.image"
    static let owner = "dev.sandlot.image.owner"
    static let base = "dev.sandlot.image.base"
    static let packages = "dev.sandlot.image.packages"
    /// On every layer of a recipe of ours, so that what a failed build leaves is found.
    static let layer = "dev.sandlot.image.layer"
    /// On containers that are made only to look into an image.
    static let look = "dev.sandlot.image.look"

    /// Images have a name in it while they are built.
    static let draftRepository = ImageName.repository + "-building"

    static func of(_ plan: ImagePlan, owner: OwnerLabel) -> [String: String] {
        [
            image: plan.reference, Self.owner: owner.rawValue, base: plan.base ?? "", packages: plan.packages.joined(separator: " "),
            layer: String(PackageRecipe.version),
        ]
    }

    /// What the labels of an image say; nil for one that is not ours.
    static func describe(_ labels: [String: String]?, backend: BackendID, id: String, tags: [String]?) -> BuiltImage? {
        guard let labels, let marked = labels[image], !marked.isEmpty else { return nil }
        // What somebody else made from one of ours has its labels too, so it also must have the name that they tell, or be a draft.
        let names = tags ?? []
        guard let reference = names.first(where: { $0 == marked }) ?? names.first(where: { $0.hasPrefix(draftRepository + ":") }) else {
            return nil
        }
        let base = labels[Self.base].flatMap { $0.isEmpty ? nil : $0 }
        return BuiltImage(
            backend: backend, reference: reference, id: id, owner: labels[owner].flatMap { try? OwnerLabel(validating: $0) }, base: base,
            packages: (labels[packages] ?? "").split(separator: " ").map(String.init))
    }
}
