@testable import CloudBackends
import Foundation
import SandboxCore
import SandboxHTTP
import ServedEngine
import Testing

@Suite("The pieces of a cloud backend", .timeLimit(.minutes(1)))
struct PiecesTests {
    @Test("bytes survive as lines, however the lines are cut")
    func textLines() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 7) }
        let text = Array(
            (TextLines.encode(Array(bytes.prefix(1000))) + "\n" + TextLines.encode(Array(bytes.dropFirst(1000).prefix(9000)))).utf8)
        for size in [1, 7, 4096, text.count] {
            var lines = TextLines()
            var found: [UInt8] = []
            for start in stride(from: 0, to: text.count, by: size) {
                found += try lines.decode(Array(text[start..<min(start + size, text.count)]))
            }
            #expect(found == Array(bytes.prefix(10_000)))
        }
    }

    @Test(
        "what is no base 64 is refused, and so is a line without an end",
        arguments: ["hello, world\n", String(repeating: "A", count: 70_000)])
    func badLines(_ text: String) {
        var lines = TextLines()
        let error = #expect(throws: SandboxError.self) { _ = try lines.decode(Array(text.utf8)) }
        #expect(error?.code == .protocolViolation)
    }

    @Test("a marked log gives standard output, and keeps the end of standard error")
    func markedLog() {
        let log: [UInt8] = [1, 1, 1] + Array("one\n".utf8) + [2, 2, 2] + Array("oops\n".utf8) + [1, 1, 1] + Array("two\n".utf8)
        for size in 1...log.count {
            var marked = MarkedLog()
            var found: [UInt8] = []
            for start in stride(from: 0, to: log.count, by: size) {
                found += marked.output(of: Array(log[start..<min(start + size, log.count)]))
            }
            #expect(String(decoding: found, as: UTF8.self) == "one\ntwo\n")
            #expect(marked.lastWords.line == "oops")
        }
    }

    @Test(
        "a line for a shell has exactly the words that it was made of",
        arguments: ["plain", "", "it's", "'", "'\u{30B}; echo out; '\u{30B}", "\\'", "$(id) `id` \r\n\t*", "\u{1F468}\u{200D}'\u{301}"])
    func shellWords(word: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", ShellWord.line(["printf", "%s|", word, "end"])]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let printed = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(printed == Data((word + "|end|").utf8))
    }

    @Test("an archive of one file is one that tar reads, with its name, mode and content")
    func archive() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sandlot-archive-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let content = (0..<200_001).map { UInt8(truncatingIfNeeded: $0 &* 17) }
        let name = "a/" + String(repeating: "long", count: 40) + "/guest"
        try Data(GzipTar.archive(content, named: name, mode: 0o700)).write(to: folder.appending(path: "archive.tgz"))
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tar.arguments = ["tar", "-xzf", "archive.tgz"]
        tar.currentDirectoryURL = folder
        try tar.run()
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0)
        let file = folder.appending(path: name)
        #expect(try Array(Data(contentsOf: file)) == content)
        #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o700)
    }

    @Test(
        "an address may have a port and a path, and nothing else",
        arguments: [
            ("https://api.e2b.app", "https://api.e2b.app:443", ""), ("http://127.0.0.1:8080/e2b/", "http://127.0.0.1:8080", "/e2b"),
            ("https://host:1234/a/b", "https://host:1234", "/a/b"),
        ])
    func addresses(_ text: String, _ endpoint: String, _ prefix: String) throws {
        let address = try CloudAddress(parsing: text, setting: "here")
        #expect("\(address.endpoint)" == endpoint)
        #expect(address.prefix == prefix)
    }

    @Test("what is no address is refused", arguments: ["", "e2b.app", "ftp://a", "https://a?b=c", "https://user@host", "https://a b"])
    func badAddresses(_ text: String) {
        #expect(throws: SandboxError.self) { try CloudAddress(parsing: text, setting: "here") }
    }

    @Test("a wait is asked for in seconds or by a date")
    func retryAfter() throws {
        func wait(_ text: String) -> Duration? {
            CloudRefusal(HTTPAnswer(status: 429, headers: HTTPFields([("retry-after", text)])))?.retryAfter
        }
        #expect(wait("7") == .seconds(7))
        #expect(wait("Mon, 01 Jan 2001 00:00:00 GMT") == .zero)
        #expect(wait("soon") == nil)
        #expect(CloudRefusal(HTTPAnswer(status: 201)) == nil)
    }

    @Test("pauses stay within their budget, and what is asked for beyond it is not waited for")
    func patience() {
        var budget = CloudPatience.Budget(CloudPatience())
        var sum = Duration.zero
        var count = 0
        while let pause = budget.pause(asked: nil) {
            sum += pause
            count += 1
        }
        #expect(count == 5)
        #expect(sum <= .seconds(40))
        var other = CloudPatience.Budget(CloudPatience())
        #expect(other.pause(asked: .seconds(41)) == nil)
        #expect(other.pause(asked: .seconds(1)).map { $0 >= .seconds(1) } == true)
    }

    @Test("a life is prolonged again and again, also after a failure, and no more when the sandbox is gone")
    func lifeKeeper() async throws {
        let (calls, source) = AsyncStream<Int>.makeStream()
        let count = Counter()
        let keeper = LifeKeeper(life: .milliseconds(40), end: nil, logger: ServedEngine.logger) {
            let number = await count.next()
            source.yield(number)
            if number == 2 { throw SandboxError(.unavailable, "not now") }
            if number == 4 { throw SandboxError(.notFound, "gone") }
            return Date(timeIntervalSince1970: Double(number))
        }
        for await number in calls where number == 4 { break }
        #expect(keeper.endsAt == Date(timeIntervalSince1970: 3))
        keeper.stop()
    }

    @Test(
        "a sandbox that cannot run the guest is refused in words, and nothing is guessed",
        arguments: [
            ("mips", SandboxError.Code.unsupported), (GuestParcel.machine + "\nmore", .protocolViolation), ("", .protocolViolation),
        ])
    func survey(_ machine: String, _ code: SandboxError.Code) {
        let output = machine.isEmpty ? "sh: not found\n" : "/work\n/home/me\n1000\n\(machine)\n/home/me/.sandlot\nno\nno\n"
        let error = #expect(throws: SandboxError.self) {
            _ = try CloudSurvey(CloudRun(exitCode: 0, output: Array(output.utf8)), backend: E2BBackend.id)
        }
        #expect(error?.code == code)
    }

    @Test("a token that says its team and project needs no settings, and comes before another")
    func vercelClaims() async throws {
        let claims = Data(#"{"owner_id":"team_1","project_id":"prj_1"}"#.utf8).base64EncodedString().replacingOccurrences(of: "=", with: "")
        let own = try await VercelCredentials(settings: try VercelSettings([:])) { $0 == "oidc_token" ? "a.\(claims).c" : "plain" }
        #expect([own.team, own.project] == ["team_1", "prj_1"])
        #expect(own.token.hasPrefix("a."))
        await #expect(throws: SandboxError.self) {
            _ = try await VercelCredentials(settings: try VercelSettings([:])) { $0 == "token" ? "plain" : nil }
        }
    }
}

private actor Counter {
    private var count = 0
    func next() -> Int {
        count += 1
        return count
    }
}
