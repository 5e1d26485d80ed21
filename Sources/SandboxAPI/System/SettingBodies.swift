/// A setting: what it is, what it is set to, and where that comes from.
public struct SettingBody: Sendable, Codable, Equatable {
    public var name: String
    public var summary: String
    /// What a value must look like, for people.
    public var expects: String
    /// The same for forms: `text`, `path`, `integer`, `number`, `boolean`, `choice`, `list`, `size`, `duration`, `secret`.
    public var kind: String
    /// The words that a `choice` is one of, and a `list` made of where it knows them.
    public var choices: [String]?
    /// As it would be written in the file; absent where it is not set. A secret shows where it is, never what it is.
    public var value: String?
    public var secret: Bool
    /// `flag`, `environment`, `file`, `alias`, `default`.
    public var origin: String
    /// The variable, or the file with its line, where there is one.
    public var place: String?
    /// Why it cannot be changed here; absent where it can.
    public var locked: String?
    /// New sessions see a change at once; false needs the server to start anew.
    public var live: Bool

    /// Creates a value.
    public init(
        name: String, summary: String, expects: String, kind: String, choices: [String]? = nil, value: String?, secret: Bool,
        origin: String,
        place: String?, locked: String?, live: Bool
    ) {
        self.name = name
        self.summary = summary
        self.expects = expects
        self.kind = kind
        self.choices = choices
        self.value = value
        self.secret = secret
        self.origin = origin
        self.place = place
        self.locked = locked
        self.live = live
    }
}

/// All settings, in the order in which they are shown.
public struct SettingListBody: Sendable, Codable, Equatable {
    public var settings: [SettingBody]
    /// Creates a list.
    public init(settings: [SettingBody]) { self.settings = settings }
}

/// What `PATCH /v1/settings` takes: new values by name; null removes one from the file, so that the next source counts.
public struct SettingsChange: RequestBody, Encodable, Equatable {
    public var set: [String: String?]

    /// Creates a change.
    public init(set: [String: String?]) { self.set = set }

    enum CodingKeys: String, CodingKey, CaseIterable { case set }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}
