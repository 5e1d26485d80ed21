import SandboxCore
import SandboxSettings
import Testing

@Suite("Sizes and durations")
struct ValueTests {
    @Test(
        arguments: [
            ("0", 0), ("65536", 65536), ("1k", 1024), ("512M", 536_870_912), ("512MB", 536_870_912), ("1.5GiB", 1_610_612_736),
            ("2g", 2_147_483_648),
            ("1T", 1_099_511_627_776), ("10b", 10),
        ] as [(String, UInt64)])
    func aSizeIsReadInBinaryUnits(_ text: String, _ bytes: UInt64) throws {
        #expect(try ByteSize.parse(text) == bytes)
    }

    @Test(arguments: ["", "M", "1X", "-1", "1 G", "1.5.5M", ".5G", "5.G", "1e9", "99999999999T", "0x10", "1Gi B", "١M"])
    func whatIsNotASizeIsRefused(_ text: String) {
        #expect(throws: SandboxError.self) { try ByteSize.parse(text) }
    }

    @Test(
        arguments: [
            ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000), ("1d", 86_400_000), ("500ms", 500), ("1h30m", 5_400_000), ("1.5s", 1500),
            ("0", 0),
        ] as [(String, Int)])
    func aDurationIsRead(_ text: String, _ milliseconds: Int) throws {
        #expect(try DurationText.parse(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "s", "30", "-1s", "1w", "1s2", "9999999d", "1 s", "infs"])
    func whatIsNotADurationIsRefused(_ text: String) {
        #expect(throws: SandboxError.self) { try DurationText.parse(text) }
    }

    @Test func theTextThatIsWrittenIsReadBackExactly() throws {
        for bytes in [0, 1, 1023, 1024, 1536, 1 << 20, 3 << 30, (1 << 40) + 1] as [UInt64] {
            #expect(try ByteSize.parse(ByteSize.text(bytes)) == bytes)
        }
        for milliseconds in [0, 1, 999, 1000, 61_001, 90_000_000] {
            #expect(try DurationText.parse(DurationText.text(.milliseconds(milliseconds))) == .milliseconds(milliseconds))
        }
    }
}
