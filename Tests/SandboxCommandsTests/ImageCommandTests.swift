import ArgumentParser
import SandboxCore
import SandboxEngine
import SystemPackage
import Testing

@testable import SandboxCommands

@Suite("Image commands")
struct ImageCommandTests {
    @Test("packages and sets are named plainly, a Dockerfile excludes them")
    func buildArguments() throws {
        let build = try #require(try SandlotRoot.parseAsRoot(["image", "build", "core", "htop", "--base", "alpine:3.20"]) as? ImageBuild)
        #expect(build.items == ["core", "htop"])
        #expect(build.base == "alpine:3.20")
        for wrong in [
            ["image", "build", "--file", "Dockerfile", "jq"], ["image", "build", "--build-arg", "a=b"], ["image", "set-default"],
            ["image", "set-default", "x", "--clear"], ["image", "check"],
        ] {
            #expect(throws: (any Error).self, "\(wrong)") { try SandlotRoot.parseAsRoot(wrong) }
        }
    }

    @Test("a sandbox can ask for an image that is built and for packages")
    func sandboxOptions() throws {
        let run = try #require(
            try SandlotRoot.parseAsRoot([
                "run", "--image", "@core,web", "--package", "jq", "--package", "@go", "--provision", "best-effort", "--", "true",
            ]) as? RunCommand)
        let request = try run.sandbox.request(currentDirectory: "/", limits: ResourceLimits())
        #expect(request.image == .reference("@core,web"))
        #expect(request.packages == ["jq", "@go"])
        #expect(request.provision == .bestEffort)
    }

    @Test(
        "sizes are for people", arguments: [(UInt64(0), "0"), (1023, "1023"), (1024, "1.0K"), (130_000_000, "124.0M"), (3 << 30, "3.0G")])
    func sizes(_ bytes: UInt64, _ text: String) { #expect(ImageReport.size(bytes) == text) }
}
