import SandboxCore
import SandboxHTTP
import Testing

@Suite("Addresses of HTTP APIs")
struct AddressTests {
    @Test(
        "the usual spellings are read",
        arguments: [
            ("unix:///run/x.sock", "unix:///run/x.sock"), ("/run/x.sock", "unix:///run/x.sock"),
            ("tcp://10.0.0.1:2375", "http://10.0.0.1:2375"),
            ("tcp://[::1]:99", "http://[::1]:99"), ("https://engine.example", "https://engine.example:443"),
            ("tcp://host", "http://host:2375"),
        ])
    func usualSpellings(_ text: String, _ expected: String) throws { #expect(try HTTPEndpoint(parsing: text).description == expected) }

    @Test(
        "anything else is refused",
        arguments: ["", "engine", "ssh://host", "unix://relative", "tcp://", "tcp://h:0", "tcp://h:x", "tcp://u@h:1", "tcp://h:1/path"])
    func others(_ text: String) { #expect(throws: SandboxError.self) { try HTTPEndpoint(parsing: text) } }

    @Test("what is not unreserved is encoded") func encoding() { #expect(HTTPText.segment("a/b c&=é~") == "a%2Fb%20c%26%3D%C3%A9~") }
}
