/// How many of the host's graphics processors a sandbox is given. As text, in JSON too: `all` or a number.
public enum GPUShare: Sendable, Hashable, Codable, LosslessStringConvertible {
    case all
    /// At least one.
    case count(UInt32)

    /// Reads `all` or a positive number.
    public init?(_ description: String) {
        if description == "all" {
            self = .all
        } else if let count = UInt32(description), count > 0 {
            self = .count(count)
        } else {
            return nil
        }
    }

    /// `all` or the number.
    public var description: String {
        switch self {
        case .all: "all"
        case .count(let count): String(count)
        }
    }

    /// Reads the text; any other text fails.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let share = GPUShare(text) else {
            throw SandboxError(.invalidArgument, "'\(text.prefix(40))' is no number of GPUs", remedy: "write 'all' or a positive number")
        }
        self = share
    }

    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
