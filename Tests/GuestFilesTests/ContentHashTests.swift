import CSandlotSystem
import GuestProtocol
import Testing

@testable import GuestFiles

@Suite("SHA-256")
struct ContentHashTests {
    private func digest(_ bytes: [UInt8], portable: Bool, pieces: Int = .max) -> String {
        var state = sandlot_sha256()
        if portable { sandlot_sha256_init_portable(&state) } else { sandlot_sha256_init(&state) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieces))
            sandlot_sha256_update(&state, piece, piece.count)
            rest = rest.dropFirst(piece.count)
        }
        var result = [UInt8](repeating: 0, count: 32)
        sandlot_sha256_final(&state, &result)
        return result.hex
    }

    @Test(arguments: [true, false])
    func `the vectors of NIST come out right`(portable: Bool) {
        #expect(digest([], portable: portable) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(digest("abc".bytes, portable: portable) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".bytes, portable: portable)
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(
            digest([UInt8](repeating: 0x61, count: 1_000_000), portable: portable)
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test
    func `any length in any pieces gives the same with both codes`() {
        var dice = Dice(state: 7)
        for length in Array(0...200) + [1000, 4096, 70_001] {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &dice) }
            let whole = digest(bytes, portable: true)
            #expect(digest(bytes, portable: false) == whole)
            #expect(digest(bytes, portable: false, pieces: Int.random(in: 1...130, using: &dice)) == whole)
        }
    }

    @Test
    func `files have the digests that sha256sum prints`() throws {
        let directory = try TemporaryDirectory()
        var dice = Dice(state: 11)
        for (index, size) in [0, 1, 63, 64, 65, 300_000, 3_000_001].enumerated() {
            try directory.write((0..<size).map { _ in UInt8(truncatingIfNeeded: dice.next()) }, to: "f\(index)")
        }
        let entries = try Harness().entries(.manifest(root: directory.path.bytes, digests: true))
        let printed = entries.map { "\($0.digest.hex)  \($0.path.text)\n" }.joined()
        #expect(printed == shell("cd '\(directory.path)' && sha256sum *"))
    }
}

extension [UInt8] {
    var hex: String { map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined() }
}
