/// What the guest's program printed: answers by the ids of probes, and facts in their order. It comes out of a sandbox, so nothing but its form is
/// trusted, and lines that do not have it are left out.
struct ProbeOutput {
    private(set) var answers: [String: ProbeAnswer] = [:]
    private(set) var facts: [(name: String, value: String)] = []

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: "\t", maxSplits: 3, omittingEmptySubsequences: false).map { Self.printable($0) }
            if fields.first == "try", fields.count == 4, let result = ProbeAnswer.Result(rawValue: fields[2]) {
                answers[fields[1]] = ProbeAnswer(result: result, detail: fields[3])
            } else if fields.first == "fact", fields.count == 3 {
                facts.append((fields[1], fields[2]))
            }
        }
    }

    func fact(_ name: String) -> String? { facts.first { $0.name == name }?.value }

    private static func printable(_ text: Substring) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(1500).map { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) ? "?" : $0 }))
    }
}

/// How one attempt went, seen from inside.
struct ProbeAnswer: Equatable {
    enum Result: String {
        case blocked
        case open
        case absent
        /// Something was sent, and nothing came back.
        case unanswered
        case unknown
    }
    var result: Result
    var detail: String
}
