import SandboxCore
import SandboxEngine
import SandboxSettings

/// A backend as it is shown.
enum BackendReport {
    static func find(_ name: String, in all: [BackendStatus]) throws -> BackendStatus {
        if let found = all.first(where: { $0.descriptor.id.rawValue == name }) { return found }
        let near = NearestWord.of(name, among: all.map(\.descriptor.id.rawValue))
        throw SandboxError(
            .notFound, "there is no backend '\(name)'", remedy: near.map { "did you mean '\($0)'?" } ?? "see `sandlot backend list`")
    }

    static func json(_ backend: BackendStatus) -> JSONValue {
        let descriptor = backend.descriptor
        var members: [(key: String, value: JSONValue)] = [
            ("id", .string(descriptor.id.rawValue)), ("name", .string(descriptor.name)), ("summary", .string(descriptor.summary)),
            ("isolation", .string(descriptor.isolation.rawValue)), ("placement", .string(descriptor.placement.rawValue)),
            ("only_by_name", .boolean(descriptor.onlyByName)),
            ("capabilities", .array(descriptor.capabilities.sorted().map { .string($0.rawValue) })),
        ]
        switch backend.availability {
        case .available(let details): members += [("available", true), ("details", .dictionary(details)), ("reason", nil), ("remedy", nil)]
        case .unavailable(let reason, let remedy):
            members += [("available", false), ("details", .object([])), ("reason", .string(reason)), ("remedy", .string(remedy))]
        }
        members.append(("probed_at", .string(backend.probedAt.description)))
        return .object(members)
    }

    static func table(_ backends: [BackendStatus], _ style: Style) -> String {
        var table = Table("BACKEND", "ISOLATION", "WORKS", "WHY NOT", style: style)
        for backend in backends {
            var reason = ""
            if case .unavailable(let why, _) = backend.availability { reason = why }
            if reason.isEmpty, backend.descriptor.onlyByName { reason = "(only when asked for by name)" }
            table.add(
                backend.descriptor.id.rawValue, backend.descriptor.isolation.rawValue, backend.availability.isAvailable ? "yes" : "no",
                reason)
        }
        return table.text
    }

    static func text(_ backend: BackendStatus, _ style: Style) -> String {
        let name = style.strong(backend.descriptor.id.rawValue)
        switch backend.availability {
        case .available(let details):
            let facts = details.sorted { $0.key < $1.key }.map { "  \($0.key): \(Table.harmless($0.value))\n" }.joined()
            return "\(name): \(style.good("works"))\n\(facts)"
        case .unavailable(let reason, let remedy):
            return "\(name): \(style.bad("does not work"))\n  why: \(Table.harmless(reason))\n  try: \(Table.harmless(remedy))\n"
        }
    }
}
