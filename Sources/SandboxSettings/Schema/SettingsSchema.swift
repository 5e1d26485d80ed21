public import SandboxCore

/// Every setting that exists: the general ones and one scope per backend.
public struct SettingsSchema: Sendable {
    /// What Sandlot's own variables start with.
    public static let environmentPrefix = "SANDLOT_"
    /// Variables with the prefix that are not settings.
    public static let reservedVariables: Set<String> = [
        "SANDLOT_CONFIG", "SANDLOT_GUEST", "SANDLOT_GUEST_PATH", "SANDLOT_SESSION", "SANDLOT_SANDBOX", "SANDLOT_WEB",
    ]

    /// All keys, general ones first, in the order in which they are shown.
    public let keys: [SettingKey]
    /// The backends that have a scope.
    public let backends: [BackendID]
    private let byName: [String: SettingKey]
    private let sections: Set<String>

    /// Builds the schema from the backends' descriptions. Settings never import a backend: the descriptions come as values.
    public init(backends descriptors: [BackendDescriptor]) {
        backends = descriptors.map(\.id)
        var all = GeneralSettings.keys(backends: descriptors.map(\.id.rawValue))
        for descriptor in descriptors {
            all += descriptor.settings.map { SettingKey($0, in: descriptor.id) }
        }
        keys = all
        byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var sections: Set<String> = ["backends"]
        for key in all where key.path.count > 1 {
            for length in 1..<key.path.count { sections.insert(key.path.prefix(length).joined(separator: ".")) }
        }
        for descriptor in descriptors { sections.insert("backends.\(descriptor.id)") }
        self.sections = sections
    }

    /// The key with a dotted name.
    public subscript(name: String) -> SettingKey? { byName[name] }

    /// True when the path names a section that may hold keys, even if it has none.
    func isSection(_ path: [String]) -> Bool { sections.contains(path.joined(separator: ".")) }

    /// The key with a dotted name, or `invalidArgument` with the nearest name that exists.
    public func key(named name: String) throws -> SettingKey {
        if let key = byName[name] { return key }
        let remedy =
            NearestWord.of(name, among: byName.keys.sorted()).map { "did you mean '\($0)'?" } ?? "`sandlot config show` lists every setting"
        throw SandboxError(.invalidArgument, "there is no setting '\(name.prefix(120))'", remedy: remedy)
    }

    /// The nearest name at the level where a path went wrong.
    func suggestion(for path: [String]) -> String? {
        guard let last = path.last else { return nil }
        let parent = Array(path.dropLast())
        let siblings = keys.filter { $0.path.count > parent.count && Array($0.path.prefix(parent.count)) == parent }.map {
            $0.path[parent.count]
        }
        let scopes = parent == ["backends"] ? backends.map(\.rawValue) : []
        if let near = NearestWord.of(last, among: Set(siblings + scopes).sorted()) { return (parent + [near]).joined(separator: ".") }
        return keys.first { $0.path.last == last }?.name
    }
}

extension SettingKey {
    /// A backend's setting. A default that its own kind refuses is left out: the backend's tests show such a fault, not the user's file.
    init(_ descriptor: SettingDescriptor, in backend: BackendID) {
        let kind = SettingKind(descriptor.kind)
        self.init(
            ["backends", backend.rawValue, descriptor.key], kind, descriptor.summary,
            default: descriptor.defaultText.flatMap { try? SettingParser.value(from: $0, as: kind) }, aliases: descriptor.aliases)
    }
}
