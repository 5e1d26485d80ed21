import SandboxCore
import Testing

@testable import SandboxImages

private func distribution(_ text: String) -> Distribution? { Distribution(osRelease: Array(text.utf8)) }
private let debian = Distribution(id: "debian", version: "12", name: "Debian 12", manager: .apt)
private let fedora = Distribution(id: "fedora", version: "41", name: "Fedora 41", manager: .dnf)
private let alpine = Distribution(id: "alpine", version: "3.20", name: "Alpine 3.20", manager: .apk)

@Suite("Distributions and package names")
struct PackageTests {
    @Test(
        "os-release tells the package manager",
        arguments: [
            ("ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", "apt", "12"),
            ("NAME='Alpine Linux'\nID=alpine\nVERSION_ID=3.20.1\n", "apk", "3.20.1"),
            ("ID=\"amzn\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"2023\"\n", "dnf", "2023"),
            ("# comment\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", "apt", ""),
        ])
    func osRelease(_ text: String, _ manager: String, _ version: String) throws {
        let found = try #require(distribution(text))
        #expect(found.manager.rawValue == manager)
        #expect(found.version == version)
    }

    @Test(
        "what is no os-release of a known family is nothing",
        arguments: ["", "ID=\n", "ID=nixos\n", "\u{0}\u{1}\u{2}", "=====\nID", String(repeating: "ID=debian\n", count: 10_000)])
    func strangeRelease(_ text: String) { #expect(distribution(text) == nil) }

    @Test("names are translated, and one name can be several packages")
    func translation() throws {
        #expect(try PackageMap(fedora).packages(for: ["build-essential", "jq"]) == ["gcc", "gcc-c++", "jq", "make"])
        #expect(try PackageMap(alpine).packages(for: ["build-essential", "openssh-client"]) == ["build-base", "openssh-client"])
        #expect(try PackageMap(debian).packages(for: ["anything-at-all", "jq", "jq"]) == ["anything-at-all", "jq"])
    }

    @Test("a name of the distribution's own is taken as it is")
    func ownNames() throws {
        #expect(try PackageMap(alpine).packages(for: ["apk:py3-requests"]) == ["py3-requests"])
        #expect(PackageMap(alpine).map("apt:python3-requests").problem == .unavailable)
        #expect(PackageMap(alpine).map("brew:jq").problem == .malformed)
    }

    @Test("every wrong name is told at once, by what is wrong with it")
    func refusals() throws {
        let error = try #require(throws: SandboxError.self) {
            try PackageMap(alpine).packages(for: ["jq", "foo-bar", "catdoc", "a b", "--root=/"])
        }
        #expect(error.code == .invalidArgument)
        for word in ["'foo-bar'", "'catdoc'", "'a b'", "'--root=/'"] { #expect(error.message.contains(word), "\(error.message)") }
        #expect(!error.message.contains("'jq'"))
    }

    @Test(
        "no name that a shell or a package manager could take for more passes",
        arguments: ["", "-y", "a;b", "a b", "a$(id)", "a\nb", "a`id`", "a/b", "a=1", "ä", "../x", "'", String(repeating: "a", count: 101)])
    func hostileNames(_ name: String) {
        #expect(PackageMap(debian).map(name).problem == .malformed)
        #expect(PackageMap(fedora).map("dnf:" + name).problem == .malformed)
    }

    @Test("libraries have the names of their release")
    func longTimeNames() throws {
        #expect(try PackageMap(debian).packages(for: ["libcups2", "libasound2t64"]) == ["libasound2", "libcups2"])
        let trixie = Distribution(id: "debian", version: "13", name: "Debian 13", manager: .apt)
        #expect(try PackageMap(trixie).packages(for: ["libcups2", "libasound2t64"]) == ["libasound2t64", "libcups2t64"])
    }

    @Test("the sets hold what agents are used to", arguments: expected)
    func coverage(_ name: String) {
        let plain = name.hasSuffix("t64") ? String(name.dropLast(3)) : name
        #expect(PackageSet.all.contains { $0.packages.contains(plain) })
        #expect(PackageMap(debian).map(name).problem == nil)
    }

    @Test("every package of a set is in the table, so that it can be told where there is none of it")
    func tableIsComplete() {
        for set in PackageSet.all {
            for name in set.packages { #expect(PackageCatalogue.byDebianName[name] != nil, "\(name) of \(set.name)") }
        }
        #expect(Set(PackageSet.all.map(\.name)).count == PackageSet.all.count)
        for (name, names) in PackageCatalogue.byDebianName {
            for other in names.dnf + names.apk { #expect(PackageMap.isWellFormed(other), "\(name): \(other)") }
        }
    }

    @Test("the small set is there everywhere but for what a distribution lacks")
    func coreEverywhere() {
        let core = PackageSet.named("core")?.packages ?? []
        #expect(core.filter { PackageMap(fedora).map($0).problem != nil }.isEmpty)
        #expect(core.filter { PackageMap(alpine).map($0).problem != nil } == ["python-is-python3"])
    }

    @Test("installed packages are read from the package manager's list")
    func installed() {
        let status = """
            Package: bash
            Status: install ok installed
            Provides: shell (= 1), sh-like
            Description: a shell
             Package: not-this

            Package: gone
            Status: deinstall ok config-files

            Package: last
            Status: install ok installed
            """
        #expect(InstalledPackages.names(in: Array(status.utf8), .apt) == ["bash", "shell", "sh-like", "last"])
        #expect(InstalledPackages.names(in: Array("C:Q1\nP:musl\nV:1\n\nP:busybox\n".utf8), .apk) == ["musl", "busybox"])
        #expect(InstalledPackages.names(in: Array("bash\ncoreutils\n".utf8), .dnf) == ["bash", "coreutils"])
    }

    private static let expected = """
        curl wget ca-certificates dnsutils netcat-openbsd openssh-client iproute2 net-tools python3 python3-dev python3-pip python3-venv
        python-is-python3 nodejs ruby ruby-dev golang-go php-cli php-mbstring php-xml php-curl default-jdk maven perl build-essential clang
        libclang-dev llvm-dev pkg-config libssl-dev libsqlite3-dev libyaml-dev liblzma-dev autoconf automake libtool bison flex dpkg-dev
        fakeroot cmake ninja-build zip unzip bzip2 xz-utils p7zip-full tar zstd lz4 pigz git gnupg2 jq rsync file tree sqlite3 sudo locales
        tzdata shellcheck patchelf git-lfs gh gettext lsb-release software-properties-common yamllint ripgrep fd-find yq tmux chromium
        libxss1 libnss3 libnspr4 libasound2t64 libatk1.0-0t64 libatk-bridge2.0-0t64 libcups2t64 libdrm2 libgbm1 libgtk-3-0t64 libxcomposite1
        libxdamage1 libxfixes3 libxrandr2 libxkbcommon0 fonts-liberation imagemagick graphicsmagick libvips-tools pngquant optipng jpegoptim
        webp libimage-exiftool-perl libheif-dev ffmpeg sox lame flac vorbis-tools opus-tools mediainfo pandoc poppler-utils ghostscript
        texlive-latex-base texlive-latex-extra texlive-fonts-recommended antiword catdoc unrtf libreoffice-core libreoffice-writer csvtool
        xmlstarlet html2text dos2unix miller datamash postgresql-client default-mysql-client ansible gdal-bin mapnik-utils osm2pgsql
        osmium-tool osmctools python3-mapnik libgdal-dev vdirsyncer khal python3-caldav isync offlineimap3 notmuch notmuch-mutt aerc mutt
        neomutt tin slrn python3-discord
        """.split(whereSeparator: \.isWhitespace).map(String.init)
}
