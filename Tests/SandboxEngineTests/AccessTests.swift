import Foundation
import SandboxCore
import SandboxStore
import SystemPackage
import Testing

@testable import SandboxEngine

@Suite("Access tokens", .timeLimit(.minutes(10)))
struct AccessTests {
    @Test func `a token opens what it was made for until it is revoked`() async throws {
        try await EngineFixture.run { _, engine in
            let issued = try await engine.createAccessToken(AccessTokenRequest(name: "laptop", scopes: [.exec]))
            let token = try await engine.verifyAccess(issued.credential.reveal())
            #expect(token.id == issued.token.id)
            #expect(token.allows(.read, session: nil) && token.allows(.exec, session: .random()) && !token.allows(.admin, session: nil))
            #expect(try await engine.accessTokens().map(\.name) == ["laptop"])
            try await engine.revokeAccessToken(token.id)
            #expect(await code { _ = try await engine.verifyAccess(issued.credential.reveal()) } == .denied)
            #expect(await code { try await engine.revokeAccessToken(token.id) } == .notFound)
        }
    }

    @Test func `nothing but the whole token is accepted`() async throws {
        try await EngineFixture.run { _, engine in
            let first = try await engine.createAccessToken(AccessTokenRequest(name: "one", scopes: [.admin]))
            let second = try await engine.createAccessToken(AccessTokenRequest(name: "two", scopes: [.admin]))
            let text = first.credential.reveal()
            let crossed = "sandlot_\(first.token.id)_\(second.credential.reveal().suffix(64))"
            let stored = "sandlot_\(first.token.id)_\(first.credential.digest)"
            let changed = text.dropLast() + (text.last == "0" ? "1" : "0")
            for wrong in [
                "", "sandlot_", text + "0", String(text.dropLast()), String(changed), crossed, stored, text.uppercased(),
                String(repeating: "a", count: 1 << 20), "sandlot_tok-00000000000000000000_\(text.suffix(64))",
            ] {
                #expect(await code { _ = try await engine.verifyAccess(wrong) } == .denied)
            }
            #expect(try await engine.verifyAccess(text).id == first.token.id)
        }
    }

    @Test func `the database holds no token, and printing one shows none`() async throws {
        try await EngineFixture.run { fixture, engine in
            let issued = try await engine.createAccessToken(AccessTokenRequest(name: "laptop", scopes: [.admin]))
            let login = try await engine.createLoginCode()
            let secrets = [issued.credential, login.credential].map { String($0.reveal().suffix(64)) }
            var shown = ""
            dump(issued, to: &shown)
            shown += "\(issued) \(login) \(String(reflecting: issued.credential))"
            for secret in secrets {
                #expect(!shown.contains(secret))
                for name in try FileManager.default.contentsOfDirectory(atPath: fixture.data.string) {
                    let bytes = (try? Data(contentsOf: URL(fileURLWithPath: fixture.data.appending(name).string))) ?? Data()
                    #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(name)")
                }
            }
        }
    }

    @Test func `a token that expired is refused and not listed`() async throws {
        try await EngineFixture.run { _, engine in
            let (issued, row) = try Engine.draft(AccessTokenRequest(name: "short", scopes: [.read], life: .seconds(5)))
            var ended = row
            ended.expiresAt = Timestamp.now().milliseconds - 1
            let past = ended
            try await engine.store.write { try $0.insert(past) }
            #expect(await code { _ = try await engine.verifyAccess(issued.credential.reveal()) } == .denied)
            let listed = try await engine.accessTokens()
            #expect(listed.isEmpty)
        }
    }

    @Test func `a token for one session opens no other and ends with it`() async throws {
        try await EngineFixture.run { _, engine in
            let session = try await engine.open(SessionRequest()).id
            let request = AccessTokenRequest(name: "inside", scopes: [.exec], session: session)
            let issued = try await engine.createAccessToken(request)
            let token = try await engine.verifyAccess(issued.credential.reveal())
            #expect(token.allows(.exec, session: session))
            #expect(!token.allows(.read, session: nil) && !token.allows(.read, session: .random()))
            try await engine.close(session, force: true)
            #expect(await code { _ = try await engine.verifyAccess(issued.credential.reveal()) } == .denied)
            #expect(await code { _ = try await engine.createAccessToken(request) } == .notFound)
        }
    }

    @Test func `senseless requests are refused`() async throws {
        try await EngineFixture.run { _, engine in
            for request in [
                AccessTokenRequest(name: "", scopes: [.read]), AccessTokenRequest(name: "a\nb", scopes: [.read]),
                AccessTokenRequest(name: "none", scopes: []), AccessTokenRequest(name: "bound", scopes: [.admin], session: .random()),
                AccessTokenRequest(name: "over", scopes: [.read], life: .zero),
            ] {
                #expect(await code { _ = try await engine.createAccessToken(request) } == .invalidArgument)
            }
            let listed = try await engine.accessTokens()
            #expect(listed.isEmpty)
        }
    }

    @Test func `use is noted`() async throws {
        try await EngineFixture.run { _, engine in
            let issued = try await engine.createAccessToken(AccessTokenRequest(name: "laptop", scopes: [.read]))
            #expect(issued.token.lastUsedAt == nil)
            _ = try await engine.verifyAccess(issued.credential.reveal())
            // Waits for the write that verifying left in the queue.
            try await engine.store.write { _ in }
            let used = try #require(try await engine.accessTokens().first?.lastUsedAt)
            _ = try await engine.verifyAccess(issued.credential.reveal())
            try await engine.store.write { _ in }
            #expect(try await engine.accessTokens().first?.lastUsedAt == used)
        }
    }

    @Test func `the first token is made once, in a private file`() async throws {
        try await EngineFixture.run { fixture, engine in
            let file = try #require(try await engine.firstAccessToken())
            let attributes = try FileManager.default.attributesOfItem(atPath: file.string)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let text = try String(contentsOfFile: file.string, encoding: .utf8).trimmingCharacters(in: .newlines)
            #expect(try await engine.verifyAccess(text).scopes == [.admin])
            let other = try fixture.engine()
            async let again = other.firstAccessToken()
            async let here = engine.firstAccessToken()
            #expect(try await [again, here] == [file, file])
            await other.shutdown()
            #expect(try await engine.accessTokens().count == 1)
            try FileManager.default.removeItem(atPath: file.string)
            #expect(try await engine.firstAccessToken() == nil)
            #expect(try await engine.accessTokens().count == 1)
        }
    }

    @Test func `a login code opens once`() async throws {
        try await EngineFixture.run { _, engine in
            let login = try await engine.createLoginCode(scopes: [.exec])
            let text = login.credential.reveal()
            #expect(await code { _ = try await engine.verifyAccess(text) } == .denied)
            let issued = try await engine.redeemLoginCode(text)
            #expect(try await engine.verifyAccess(issued.credential.reveal()).scopes == [.exec])
            #expect(issued.token.expiresAt != nil)
            #expect(await code { _ = try await engine.redeemLoginCode(text) } == .denied)
            let kinds = try await engine.allEvents().map(\.kind)
            #expect(kinds == [.tokenCreated, .loggedIn])
        }
    }

    @Test func `of many who present one code at once, one gets in`() async throws {
        try await EngineFixture.run { _, engine in
            let text = try await engine.createLoginCode().credential.reveal()
            let winners = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 { group.addTask { (try? await engine.redeemLoginCode(text)) != nil } }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 1)
        }
    }

    @Test func `a code gives no more than its maker has, and ends with it`() async throws {
        try await EngineFixture.run { _, engine in
            let maker = try await engine.createAccessToken(AccessTokenRequest(name: "reader", scopes: [.read])).token
            #expect(await code { _ = try await engine.createLoginCode(scopes: [.admin], maker: maker) } == .denied)
            let login = try await engine.createLoginCode(scopes: [.read], maker: maker)
            try await engine.revokeAccessToken(maker.id)
            #expect(await code { _ = try await engine.redeemLoginCode(login.credential.reveal()) } == .denied)
        }
    }

    @Test func `codes wait in bounded number`() async throws {
        try await EngineFixture.run { _, engine in
            for _ in 0..<100 { _ = try await engine.createLoginCode() }
            #expect(await code { _ = try await engine.createLoginCode() } == .limitExceeded)
        }
    }
}
