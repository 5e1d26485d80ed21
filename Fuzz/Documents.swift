@testable import CloudBackends
import SandboxAPI
@testable import SandboxClient
@testable import SandboxMCP
@testable import SandboxSettings

/// What was read is written as a text that reads the same.
func fuzzJSON(_ input: [UInt8]) {
    guard let value = try? JSONParser.parse(input) else { return }
    let text = value.bytes
    hold(!text.contains(0x0A), "a line of JSON has a line break")
    guard let again = try? JSONParser.parse(text) else {
        fatalError("what was written is not read: \(String(decoding: text, as: UTF8.self))")
    }
    hold(again.bytes == text, "what was written is read as something else")
}

/// Bodies of requests: an accepted one is written as one that is accepted and equal.
func fuzzRequests(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let body = Array(input.dropFirst())
    switch first % 11 {
    case 0: accept(SessionCreation.self, body)
    case 1: accept(SessionChange.self, body)
    case 2: accept(SessionExtension.self, body)
    case 3: accept(ExecCreation.self, body)
    case 4: accept(GlobBody.self, body)
    case 5: accept(GrepBody.self, body)
    case 6: accept(FileEditBody.self, body)
    case 7: accept(FileMove.self, body)
    case 8: accept(ImageBuildCreation.self, body)
    case 9: accept(SettingsChange.self, body)
    default: accept(TokenCreation.self, body)
    }
}

private func accept<Body: RequestBody & Encodable & Equatable>(_ type: Body.Type, _ bytes: [UInt8]) {
    guard let body = try? APICoding.decodeRequest(type, from: bytes) else { return }
    guard let text = try? APICoding.encode(body), let again = try? APICoding.decodeRequest(type, from: text) else {
        fatalError("an accepted body is refused once it is written: \(body)")
    }
    hold(again == body, "an accepted body is read as another: \(body)")
}

/// Records that services and servers send.
func fuzzAnswers(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let body = Array(input.dropFirst())
    switch first % 4 {
    case 0: _ = try? CloudJSON.decode(body) as VercelMessage.Record
    case 1: _ = try? CloudJSON.decode(body) as VercelMessage.Whole
    case 2: _ = try? APICoding.decode(FeedLine.self, from: body)
    default: _ = try? APICoding.decode(SessionBody.self, from: body)
    }
}

/// A setting that is changed in a file has the new value, the others keep theirs, and a setting that is removed is gone.
func fuzzSettings(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    let schema = SettingsSchema(backends: [])
    let before = SettingsFile(text: text, path: "settings.toml", schema: schema)
    guard before.isReadable, before.problems.isEmpty else { return }
    var file = SettingsText(text)
    guard (try? file.set(["network"], to: "\"none\"")) != nil else { return }
    let after = SettingsFile(text: file.text, path: "settings.toml", schema: schema)
    // A change that would break the file is refused by who makes it.
    guard after.isReadable, after.problems.isEmpty else { return }
    guard after.values["network"]?.value == .text("none") else { return }
    for (name, value) in before.values where name != "network" {
        hold(after.values[name]?.value == value.value, "a change of another setting changed \(name)")
    }
}
