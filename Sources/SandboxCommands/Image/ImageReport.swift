import SandboxCore
import SandboxEngine
import SystemPackage

/// Images as they are shown.
enum ImageReport {
    static func table(_ images: [KeptImage], _ style: Style) -> String {
        var table = Table("IMAGE", "BACKEND", "SIZE", "BUILT", "USED", "IN USE", "PACKAGES", style: style)
        for kept in images {
            let image = kept.image
            table.add(
                image.reference, image.backend.rawValue, size(image.size),
                image.createdAt.map { Age.text(Timestamp(milliseconds: $0 * 1000)) } ?? "-", kept.lastUsedAt.map { Age.text($0) } ?? "-",
                String(image.users), String(image.packages.count) + (kept.isOurs ? "" : " (of another data directory)"))
        }
        return table.text
    }

    /// One digit after the point: for people, not for `parse`.
    static func size(_ bytes: UInt64?) -> String {
        guard let bytes else { return "-" }
        for (name, unit) in [("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)] as [(String, UInt64)] where bytes >= unit {
            return "\((Double(bytes) / Double(unit) * 10).rounded() / 10)\(name)"
        }
        return "\(bytes)"
    }

    static func summary(_ spec: ImageSpec) -> String {
        let base = spec.base.map { " over \($0)" } ?? ""
        return switch spec.content {
        case .base: "the base" + base
        case .packages(let names): names.joined(separator: " ") + base
        case .dockerfile: "a Dockerfile"
        }
    }

    static func text(_ reference: String, _ kept: KeptImage?, _ plan: ImagePlan?, log: FilePath?, _ style: Style) -> String {
        var lines: [(String, String)] = [("image", reference)]
        if let image = kept?.image {
            lines += [("backend", image.backend.rawValue), ("id", image.id), ("base", image.base ?? "-"), ("size", size(image.size))]
            if let unique = image.uniqueSize { lines.append(("alone", size(unique))) }
            lines.append(("built", image.createdAt.map { Timestamp(milliseconds: $0 * 1000).description } ?? "-"))
            lines.append(("used", kept?.lastUsedAt?.description ?? "-"))
            lines.append(("packages", image.packages.joined(separator: " ")))
        } else if let plan {
            lines += [("backend", plan.backend.rawValue), ("built", "not yet"), ("base", plan.base ?? "-")]
            if let distribution = plan.distribution { lines.append(("system", distribution)) }
            lines.append(("packages", plan.packages.joined(separator: " ")))
        }
        if let log { lines.append(("log", log.string)) }
        let width = lines.map(\.0.count).max() ?? 0
        return lines.map { name, value in
            style.dim(name + String(repeating: " ", count: width - name.count)) + "  " + Table.harmless(value) + "\n"
        }.joined()
    }

    static func line(_ backend: BackendID, _ usage: ImageStoreUsage) -> String {
        var facts = ["\(usage.images) images \(size(usage.imageBytes))", "\(usage.ours) of Sandlot \(size(usage.ourBytes))"]
        if let bytes = usage.reclaimableBytes { facts.append("\(size(bytes)) unused") }
        if let containers = usage.containers { facts.append("\(containers) containers \(size(usage.containerBytes))") }
        if let cache = usage.cacheBytes { facts.append("build cache \(size(cache))") }
        return "\(backend): \(facts.joined(separator: ", "))\n"
    }

    static func json(_ kept: KeptImage) -> JSONValue {
        let image = kept.image
        return [
            "reference": .string(image.reference), "backend": .string(image.backend.rawValue), "id": .string(image.id),
            "base": .text(image.base), "packages": .array(image.packages.map { .string($0) }), "size_bytes": .whole(image.size),
            "unique_bytes": .whole(image.uniqueSize),
            "created_at": .text(image.createdAt.map { Timestamp(milliseconds: $0 * 1000) }), "last_used_at": .text(kept.lastUsedAt),
            "users": .whole(image.users), "ours": .boolean(kept.isOurs),
        ]
    }

    static func json(_ result: ImageBuildResult) -> JSONValue {
        [
            "image": .string(result.image.reference), "backend": .string(result.image.backend.rawValue), "id": .string(result.image.id),
            "built": .boolean(result.wasBuilt), "seconds": .seconds(result.duration), "size_bytes": .whole(result.image.size),
            "plan": json(result.plan),
        ]
    }

    static func json(_ plan: ImagePlan) -> JSONValue {
        [
            "backend": .string(plan.backend.rawValue), "image": .string(plan.reference), "base": .text(plan.base),
            "base_digest": .text(plan.baseDigest), "distribution": .text(plan.distribution),
            "packages": .array(plan.packages.map { .string($0) }),
        ]
    }

    static func json(_ spec: ImageSpec) -> JSONValue {
        switch spec.content {
        case .base: ["base": .text(spec.base)]
        case .packages(let names): ["base": .text(spec.base), "packages": .array(names.map { .string($0) })]
        case .dockerfile(let text): ["dockerfile": .string(text)]
        }
    }

    static func json(_ backend: BackendID, _ decision: ImageDecision) -> JSONValue {
        [
            "backend": .string(backend.rawValue), "image": .text(decision.image), "origin": .string(decision.origin.rawValue),
            "reason": .string(decision.reason), "built": .text(decision.built),
        ]
    }

    static func json(_ backend: BackendID, _ usage: ImageStoreUsage) -> JSONValue {
        [
            "backend": .string(backend.rawValue), "images": .whole(usage.images), "image_bytes": .whole(usage.imageBytes),
            "ours": .whole(usage.ours), "our_bytes": .whole(usage.ourBytes), "reclaimable_bytes": .whole(usage.reclaimableBytes),
            "containers": .whole(usage.containers), "running_containers": .whole(usage.runningContainers),
            "container_bytes": .whole(usage.containerBytes), "cache_bytes": .whole(usage.cacheBytes),
        ]
    }
}
