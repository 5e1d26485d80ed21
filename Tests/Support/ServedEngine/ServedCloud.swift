public import CloudBackends
public import CompatServers
public import SandboxCore

extension CompatService {
    /// What the client of this service says of itself.
    public var description: BackendDescriptor {
        switch self {
        case .daytona: DaytonaBackend.description
        case .e2b: E2BBackend.description
        case .vercel: VercelBackend.description
        }
    }

    /// The client of this service, before a server of ours at `address` that speaks as it does.
    public func backend(of address: String, key: String?, host: CloudHost, settings: [String: [String]] = [:]) throws -> CloudBackend {
        let root = "\(address)/\(rawValue)"
        switch self {
        case .daytona:
            return try DaytonaBackend.make(host: host, settings: settings.merging(["api_url": ["\(root)/api"]]) { $1 }) { key }
        case .e2b:
            return try E2BBackend.make(host: host, settings: settings.merging(["api_url": [root], "sandbox_url": [root]]) { $1 }) { key }
        case .vercel:
            let own = ["api_url": ["\(root)/api"], "team": ["team_1"], "project": ["prj_1"]]
            return try VercelBackend.make(host: host, settings: settings.merging(own) { $1 }) { $0 == "token" ? key : nil }
        }
    }
}
