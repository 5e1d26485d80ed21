import SandboxCore
import Testing

@testable import SandboxImages

private let debian = Distribution(id: "debian", version: "12", name: "Debian 12", manager: .apt)
private let alpine = Distribution(id: "alpine", version: "3.20", name: "Alpine 3.20", manager: .apk)

@Suite("Recipes and names of images")
struct RecipeTests {
    @Test("a set is a layer of its own, and what one layer has no later one repeats")
    func layers() throws {
        let recipe = try PackageRecipe(["jq", "@go", "@net", "htop"], on: debian)
        #expect(recipe.layers.count == 3)
        #expect(recipe.layers[0] == ["ca-certificates", "git", "golang-go"])
        #expect(!recipe.layers[1].contains("ca-certificates"))
        #expect(recipe.layers[2] == ["htop", "jq"])
        #expect(Set(recipe.packages).count == recipe.packages.count)
    }

    @Test("the text starts from an id, installs as root in exec form, and gives the base's user back")
    func dockerfile() throws {
        let text = try PackageRecipe(["jq"], on: debian).dockerfile(base: "abc123", user: "app", layerLabel: "label")
        let lines = text.split(separator: "\n")
        #expect(lines.first == "FROM abc123")
        #expect(lines.contains("USER 0"))
        #expect(lines.last == "USER app")
        let run = try #require(lines.first { $0.hasPrefix("RUN ") })
        #expect(run.hasPrefix("RUN [\"/bin/sh\", \"-ec\", \""))
        #expect(run.contains("install -y --no-install-recommends jq\\n"))
        #expect(text.contains("ARG SANDLOT_APT_MIRROR"))
    }

    @Test("a user that could be more than a name is left out")
    func hostileUser() throws {
        let text = try PackageRecipe(["jq"], on: alpine).dockerfile(base: "a", user: "x\nRUN id", layerLabel: "l")
        #expect(!text.contains("RUN id"))
        #expect(!text.contains("SANDLOT_APT_MIRROR"))
    }

    @Test("the order of packages does not matter to the name; everything else does")
    func names() throws {
        func key(
            _ packages: [String], base: String = "sha256:1", architecture: String = "amd64", _ content: ImageSpec.Content = .base,
            _ arguments: [String: String] = [:]
        ) -> String {
            ImageName.key(
                bases: [base], architecture: architecture, packages: packages.sorted(), spec: ImageSpec(content, arguments: arguments))
        }
        #expect(key(["a", "b"]) == key(["b", "a"]))
        let different = [
            key(["a", "b"]), key(["a"]), key(["ab"]), key(["a", "b"], base: "sha256:2"), key(["a", "b"], architecture: "arm64"),
            key([], .dockerfile("FROM a\n")), key([], .dockerfile("FROM b\n")), key([], .dockerfile("FROM a\n"), ["x": "1"]),
        ]
        #expect(Set(different).count == different.count)
        #expect(key(["a"]).count == 40)
        #expect(ImageName.reference(key: "k") == "localhost/sandlot:k")
    }

    @Test("a Dockerfile's bases are found, stages and completed names are not among them")
    func bases() throws {
        let text = """
            # syntax
            from --platform=linux/amd64 golang:1.22 AS build
            RUN go build
            FROM ${BASE}
            FROM scratch
            COPY --from=build /a /a
            FROM build
            FROM debian:12
            """
        #expect(try DockerfileBases.references(in: text) == ["golang:1.22", "debian:12"])
        #expect(throws: SandboxError.self) { try DockerfileBases.references(in: "RUN id\n") }
        #expect(throws: SandboxError.self) { try DockerfileBases.references(in: String(repeating: "#", count: 300_000)) }
    }

    @Test(
        "package managers' complaints about unknown names are understood",
        arguments: [
            ("E: Unable to locate package nosuch-pkg", ["nosuch-pkg"]),
            ("E: Package 'awk' has no installation candidate", ["awk"]),
            ("  nosuch (no such package):", ["nosuch"]),
            ("No match for argument: nosuch", ["nosuch"]),
            ("Error: Unable to find a match: one two", ["one", "two"]),
            ("error: No package matches 'nosuch'", ["nosuch"]),
            ("E: Unable to locate package \u{1B}[31m;rm", []),
            ("Setting up jq (1.6-2.1)", []),
        ])
    func complaints(_ line: String, _ names: [String]) {
        var complaints = BuildComplaints()
        complaints.hear(line)
        complaints.hear(line)
        #expect(complaints.unknown == names)
        #expect(!complaints.diskIsFull)
    }

    @Test("a full disk is understood")
    func fullDisk() {
        var complaints = BuildComplaints()
        complaints.hear("dpkg: error processing archive x.deb (--unpack): cannot copy: failed to write (No space left on device)")
        #expect(complaints.diskIsFull)
    }

    @Test("an archive of one file is read back")
    func archive() {
        for size in [0, 1, 511, 512, 513, 5000] {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
            #expect(SmallArchive.firstFile(in: SmallArchive.containing("Dockerfile", bytes)) == bytes)
        }
    }

    @Test("a broken archive is nothing, whatever it claims")
    func brokenArchive() {
        var archive = SmallArchive.containing("f", Array("hello".utf8))
        #expect(SmallArchive.firstFile(in: Array(archive.prefix(514))) == nil)
        archive[156] = 0x32
        #expect(SmallArchive.firstFile(in: archive) == nil)
        archive[156] = 0x30
        archive.replaceSubrange(124..<135, with: Array("77777777777".utf8))
        #expect(SmallArchive.firstFile(in: archive) == nil)
        #expect(SmallArchive.firstFile(in: []) == nil)
    }

    @Test("what people write is a reference, a saved name or a list")
    func expressions() throws {
        #expect(try ImageExpression(parsing: "debian:12") == .reference("debian:12"))
        #expect(try ImageExpression(parsing: "@mine") == .named("mine"))
        #expect(try ImageExpression(parsing: "@core,web,htop,apk:py3-x") == .packages(["@core", "@web", "htop", "apk:py3-x"]))
        for wrong in ["", "@", "@core,", "-x", "@core,no-such-thing-here", "@core,apt:a b"] {
            #expect(throws: SandboxError.self, "\(wrong)") { try ImageExpression(parsing: wrong) }
        }
    }

    @Test("a set that does not exist is told with those that do")
    func unknownSet() throws {
        let error = try #require(throws: SandboxError.self) { try PackageSet.expand(["@wbe"]) }
        #expect(error.remedy?.contains("@web") == true)
    }
}
