import Foundation
import HTTPTypes
import SandboxAPI
import SandboxCore
import SandboxEngine
import SandboxWorkspace
import SystemPackage
import Testing

@testable import SandboxServer

@Suite("Synced workspaces over HTTP", .timeLimit(.minutes(10)))
struct WorkspaceRouteTests {
    /// A session on a copy of a directory of the host.
    private func withProject(
        _ options: String = "", _ body: @escaping @Sendable (ServerFixture, SessionBody, URL) async throws -> Void
    ) async throws {
        let project = FileManager.default.temporaryDirectory.appending(path: "sandlot-project-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: project, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: project) }
        try write("1\n2\n3\n4\n", project, "a.txt")
        try await ServerFixture.run { server in
            let workspace = #"{"workspace": {"kind": "synced", "path": "\#(project.path)"\#(options)}}"#
            try await body(server, try await server.openSession(workspace), project)
        }
    }

    private func write(_ text: String, _ project: URL, _ name: String) throws {
        try Data(text.utf8).write(to: project.appending(path: name))
    }

    private func read(_ project: URL, _ name: String) -> String? {
        (try? Data(contentsOf: project.appending(path: name))).map { String(decoding: $0, as: UTF8.self) }
    }

    private func put(_ text: String, _ server: ServerFixture, _ session: SessionBody, _ name: String) async throws {
        let answer = try await server.call(.put, "/v1/sessions/\(session.id)/files/content?path=\(name)", body: Array(text.utf8))
        #expect(answer.status == 204, "\(answer.text)")
    }

    @Test("a push and a pull carry changes over, and a dry run of either only tells")
    func bothWays() async throws {
        try await withProject { server, session, project in
            let base = "/v1/sessions/\(session.id)"
            try await put("inside", server, session, "made")
            try write("outside", project, "host.txt")
            let diff: SyncReportBody = try await server.call(.get, "\(base)/diff", token: "read").decoded()
            #expect(diff.dryRun && diff.changes.map(\.path.path) == ["made"] && diff.pending.map(\.path.path) == ["host.txt"])
            let preview: SyncReportBody = try await server.call(.post, "\(base)/push?dryRun=true").decoded()
            #expect(preview.dryRun && preview.changes.map(\.path.path) == ["host.txt"] && preview.pending.map(\.path.path) == ["made"])
            let kept: SyncReportBody = try await server.call(.post, "\(base)/pull?dryRun=true").decoded()
            #expect(kept.dryRun && read(project, "made") == nil)

            let pulled: SyncReportBody = try await server.call(.post, "\(base)/pull", token: "exec").decoded()
            #expect(!pulled.dryRun && pulled.changes.map(\.change) == [.create] && pulled.movedFiles == 1)
            #expect(read(project, "made") == "inside")
            let pushed: SyncReportBody = try await server.call(.post, "\(base)/push").decoded()
            #expect(pushed.changes.map(\.path.path) == ["host.txt"])
            #expect(try await server.call(.get, "\(base)/files/content?path=host.txt").text == "outside")
            let status: WorkspaceStatusBody = try await server.call(.get, "\(base)/workspace").decoded()
            #expect(status.pulledAt != nil && status.pushedAt != nil && status.openConflicts == 0)
            #expect(try await server.call(.post, "\(base)/pull", token: "read").status == 403)
        }
    }

    @Test("a push and a pull are told while they go on, and end with the report", arguments: ["push", "pull"])
    func stream(verb: String) async throws {
        try await withProject { server, session, project in
            let base = "/v1/sessions/\(session.id)"
            try await put("inside", server, session, "made")
            try write("outside", project, "host.txt")
            let answer = try await server.call(.post, "\(base)/\(verb)?stream=true", token: "exec")
            #expect(answer.headers[.contentType] == "application/x-ndjson")
            let events = try answer.bytes.split(separator: 0x0A).map { try APICoding.decode(SyncEvent.self, from: Array($0)) }
            guard case .ended(let report) = events.last else { throw StreamCutOff(text: answer.text) }
            #expect(report.changes.map(\.path.path) == [verb == "push" ? "host.txt" : "made"] && !report.dryRun)
            #expect(events.dropLast().allSatisfy { if case .progress = $0 { true } else { false } } && events.count > 1, "\(answer.text)")
            let other = try await server.openSession()
            let refusal = try await server.call(.post, "/v1/sessions/\(other.id)/\(verb)?stream=true")
            #expect(refusal.failure?.code == "unsupported", "\(refusal.text)")
        }
    }

    private struct StreamCutOff: Error { var text: String }

    @Test("an answer holds so many entries as are asked for, and counts the rest")
    func limit() async throws {
        try await withProject { server, session, project in
            for number in 0..<5 { try write("text", project, "file\(number)") }
            let report: SyncReportBody = try await server.call(.post, "/v1/sessions/\(session.id)/push?limit=2").decoded()
            #expect(report.changes.count == 2 && report.omitted.changes == 3)
            #expect(try await server.call(.post, "/v1/sessions/\(session.id)/push?limit=0").status == 400)
        }
    }

    @Test("a conflict is listed with its versions and settled", arguments: ConflictSettlement.allCases)
    func conflict(settlement: ConflictSettlement) async throws {
        try await withProject(#", "mergeText": true"#) { server, session, project in
            let base = "/v1/sessions/\(session.id)"
            try await put("inside\n2\n3\n4\n", server, session, "a.txt")
            try write("outside\n2\n3\n4\n", project, "a.txt")
            let report: SyncReportBody = try await server.call(.post, "\(base)/pull").decoded()
            let list: ConflictList = try await server.call(.get, "\(base)/conflicts").decoded()
            let conflict = try #require(list.conflicts.first)
            #expect(list.conflicts.count == 1 && report.conflicts.map(\.id) == [conflict.id])
            #expect(conflict.path.path == "a.txt" && conflict.versions == [.host, .sandbox, .base] && conflict.sandbox?.size == 13)
            let one = "\(base)/conflicts/\(conflict.id)"
            let shown: ConflictBody = try await server.call(.get, one).decoded()
            #expect(shown == conflict)
            for (version, text) in [("host", "outside\n2\n3\n4\n"), ("sandbox", "inside\n2\n3\n4\n"), ("base", "1\n2\n3\n4\n")] {
                let content = try await server.call(.get, "\(one)/content?version=\(version)", token: "read")
                #expect(content.text == text && content.headers[.contentType] == "application/octet-stream")
                #expect(content.headers[.contentDisposition] == "attachment")
            }
            #expect(try await server.call(.get, "\(one)/content?version=theirs").status == 400)
            #expect(try await server.call(.post, "\(one)/\(settlement.rawValue)", token: "read").status == 403)
            if settlement == .merge {
                // Both changed the same line: nothing happens before the host's edit is another one.
                #expect(try await server.call(.post, "\(one)/merge").status == 409)
                try write("1\n2\n3\noutside\n", project, "a.txt")
            }
            let settled = try await server.call(.post, "\(one)/\(settlement.rawValue)", token: "exec")
            #expect(settled.status == 204, "\(settled.text)")
            let wanted = [
                ConflictSettlement.takeHost: "outside\n2\n3\n4\n", .takeSandbox: "inside\n2\n3\n4\n", .merge: "inside\n2\n3\noutside\n",
            ]
            #expect(read(project, "a.txt") == wanted[settlement])
            #expect(try await server.call(.get, one).status == 404)
            #expect(try await server.call(.post, "\(one)/take-all").status == 404)
        }
    }

    @Test("what is no synced workspace has nothing to carry over, and a token for another session learns nothing")
    func refusals() async throws {
        var tokens = KnownTokens()
        tokens.grants["other"] = AccessGrant(holder: "tok-other", scope: .exec, session: SessionID.random())
        try await ServerFixture.run(tokens: tokens) { server in
            let base = "/v1/sessions/\(try await server.openSession().id)"
            for (method, path) in [("POST", "push"), ("POST", "pull?dryRun=true"), ("GET", "diff"), ("GET", "workspace")] {
                let answer = try await server.call(.init(rawValue: method)!, "\(base)/\(path)")
                #expect(answer.failure?.code == "unsupported", "\(path): \(answer.text)")
                let denied = try await server.call(.init(rawValue: method)!, "\(base)/\(path)", token: "other")
                #expect(denied.failure?.code == "denied", "\(path): \(denied.text)")
            }
            let none: ConflictList = try await server.call(.get, "\(base)/conflicts").decoded()
            #expect(none.conflicts.isEmpty)
            #expect(try await server.call(.get, "\(base)/conflicts", token: "other").failure?.code == "denied")
        }
    }
}
