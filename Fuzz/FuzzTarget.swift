/// A decoder that reads what others wrote. Each holds: no crash, memory bounded by the input, and the law beside its function.
enum FuzzTarget: String, CaseIterable {
    case frames
    case tar
    case json
    case requests
    case answers
    case settings
    case ignore
    case merge
    case index
    case lines
    case words

    func run(_ input: [UInt8]) {
        switch self {
        case .frames: fuzzFrames(input)
        case .tar: fuzzTar(input)
        case .json: fuzzJSON(input)
        case .requests: fuzzRequests(input)
        case .answers: fuzzAnswers(input)
        case .settings: fuzzSettings(input)
        case .ignore: fuzzIgnore(input)
        case .merge: fuzzMerge(input)
        case .index: fuzzIndex(input)
        case .lines: fuzzLines(input)
        case .words: fuzzWords(input)
        }
    }
}

/// Ends the run when a law does not hold; libFuzzer keeps the input.
func hold(_ law: Bool, _ what: @autoclosure () -> String) {
    if !law { fatalError(what()) }
}

/// Cuts an input at each byte of a value.
func parts(_ input: [UInt8], at separator: UInt8, atMost count: Int) -> [[UInt8]] {
    input.split(separator: separator, maxSplits: count - 1, omittingEmptySubsequences: false).map(Array.init)
}
