import Foundation
import Testing

@Suite("The example program", .enabled(if: BuiltCommand.location != nil, "the executables are not next to the tests"))
struct ExampleTests {
    @Test("it runs a command in a sandbox in ten lines")
    func runsACommand() throws {
        let folder = URL(fileURLWithPath: try #require(BuiltCommand.location)).deletingLastPathComponent()
        let data = NSTemporaryDirectory() + "/sandlot-example-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: data) }
        let example = BuiltCommand(path: folder.appending(path: "RunCommand").path, dataDirectory: data)
        let (status, output) = try example.run([])
        #expect(status == 0, "\(output)")
        #expect(output.hasPrefix("Linux"), "\(output)")
        #expect(output.contains("\n42\n"), "\(output)")
    }
}
