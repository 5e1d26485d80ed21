import Testing

@testable import SandboxEngine

@Suite("What a sandbox's processes use")
struct SandboxUsageTests {
    @Test("a process is read whatever it calls itself")
    func entry() {
        let entry = ProcessTable.Entry(stat: "7 (a) b) S 1 7 7 0 -1 4194560 0 0 0 0 3 4 20 30 20 0 1 0 100 4096 2 0")
        #expect(entry?.ticks == 57 && entry?.pages == 2)
    }

    @Test(
        "what is the kernel's, cut off or absurd counts nothing and breaks nothing",
        arguments: ["", "8", "8 (kthread) S 0 0 0 0 -1 2129984 0 0 0 0 9 9 0 0 20 0 1 0 1 0 0 0", "9 (x) S 1 2 3"])
    func nothing(text: String) { #expect(ProcessTable.Entry(stat: text) == nil) }

    @Test("numbers that no machine has are cut")
    func absurd() {
        let most = UInt64.max
        let entry = ProcessTable.Entry(stat: "7 (a) S 1 7 7 0 -1 0 0 0 0 0 \(most) \(most) \(most) \(most) 20 0 1 0 100 4096 \(most) 0")
        #expect(entry?.ticks == 4 << 50 && entry?.pages == 1 << 40)
    }
}
