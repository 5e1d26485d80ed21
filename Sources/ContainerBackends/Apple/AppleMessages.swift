/// The parts of the command's JSON that are read; unknown keys are ignored.
enum AppleMessage {
    /// An element of `list` and of `inspect`.
    struct Container: Decodable {
        struct Configuration: Decodable {
            struct Process: Decodable { var environment: [String]? }
            var id: String
            var labels: [String: String]?
            var initProcess: Process?
        }

        var configuration: Configuration
        var state: String
        var isRunning: Bool { state == "running" }

        private enum CodingKeys: String, CodingKey { case configuration, status }
        private struct Status: Decodable { var state: String }

        /// Since 1.0 the status is an object; before that it was the word itself.
        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            configuration = try container.decode(Configuration.self, forKey: .configuration)
            do {
                state = try container.decode(Status.self, forKey: .status).state
            } catch is DecodingError {
                state = try container.decode(String.self, forKey: .status)
            }
        }
    }

    /// The answer of `system status`.
    struct System: Decodable {
        var status: String
        var apiServerVersion: String?

        /// `1` of `container-apiserver version 1.2.2 (build: release)`.
        var majorVersion: Int? {
            let words = (apiServerVersion ?? "").split { !$0.isNumber && $0 != "." }
            return words.first { $0.contains(".") }.flatMap { $0.split(separator: ".").first }.flatMap { Int($0) }
        }
    }
}
