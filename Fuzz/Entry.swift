import Foundation

/// What is fuzzed: `FUZZ_TARGET`. A word that is none of the targets ends the run.
private let target: FuzzTarget = {
    let word = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget(rawValue: word) else {
        print("FUZZ_TARGET is '\(word)'; it is one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
        exit(2)
    }
    return target
}()

/// What libFuzzer calls with each input; it brings `main` along.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
