/// What an access token lets its holder do. Each scope includes the ones before it.
public enum AccessScope: String, Sendable, Codable, CaseIterable, Comparable {
    /// See sessions, commands, output, files and events; change nothing.
    case read
    /// Also open and close sessions, run commands and change files.
    case exec
    /// Also change settings, backends and images, and manage access tokens.
    case admin

    /// Less powerful sorts first.
    public static func < (left: AccessScope, right: AccessScope) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .read: 0
        case .exec: 1
        case .admin: 2
        }
    }
}
