import SandboxCore
@testable import SandboxWorkspace
import SystemPackage

/// The first line of bytes is a path, the rest an ignore file: an answer for every pair.
func fuzzIgnore(_ input: [UInt8]) {
    let pieces = parts(input, at: 0x0A, atMost: 2)
    guard pieces.count == 2, let path = TreePath(pieces[0]) else { return }
    var rules = IgnoreRules(WorkspaceSync(directory: "/workspace"), gitExclude: pieces[1])
    rules.enter(depth: 0, files: [".gitignore": pieces[1]])
    _ = rules.ignores(path, isDirectory: false)
    _ = rules.ignores(path, isDirectory: true)
}

/// One side without changes leaves the other's; both with the same change take it; the sides may change places.
func fuzzMerge(_ input: [UInt8]) {
    let texts = parts(input, at: 0xFF, atMost: 3)
    guard texts.count == 3, input.count < 4096, !input.contains(0) else { return }
    let (base, host, sandbox) = (texts[0], texts[1], texts[2])
    if let merged = TextMerge.merge(base: base, host: host, sandbox: base) {
        hold(merged == host, "the host's change is not what is taken")
    }
    if let merged = TextMerge.merge(base: base, host: base, sandbox: sandbox) {
        hold(merged == sandbox, "the sandbox's change is not what is taken")
    }
    if let merged = TextMerge.merge(base: base, host: host, sandbox: host) { hold(merged == host, "the same change is not taken once") }
    let one = TextMerge.merge(base: base, host: host, sandbox: sandbox)
    hold(one == TextMerge.merge(base: base, host: sandbox, sandbox: host), "a merge depends on which side is which")
}

/// An index that is read is written as one that reads the same.
func fuzzIndex(_ input: [UInt8]) {
    guard let index = try? BaseIndex(decoding: Array("SWB1".utf8) + input) else { return }
    let text = index.encoded()
    guard let again = try? BaseIndex(decoding: text) else { fatalError("an index that was written is not read") }
    hold(again.encoded() == text, "an index is read as another")
}
