import SandboxCore

/// A named list of packages, by their Debian names.
public struct PackageSet: Sendable, Equatable {
    public var name: String
    /// One sentence.
    public var summary: String
    public var packages: [String]

    /// What a set is called where packages are named: `@web`.
    public var reference: String { "@" + name }

    /// All sets, `core` first.
    public static let all: [PackageSet] = [
        PackageSet(
            name: "core", summary: "Shell tools, git, ripgrep, jq, python3, a compiler.",
            """
            ca-certificates curl wget git openssh-client gnupg jq ripgrep fd-find python3 python3-pip python3-venv python-is-python3
            build-essential pkg-config file tree less patch rsync zip unzip tar xz-utils bzip2 zstd sqlite3 procps tmux tzdata locales
            """),
        PackageSet(
            name: "build", summary: "Compilers and libraries that native packages are built with.",
            """
            build-essential clang libclang-dev llvm-dev pkg-config libssl-dev libsqlite3-dev libyaml-dev liblzma-dev autoconf automake
            libtool bison flex dpkg-dev fakeroot cmake ninja-build patchelf gettext python3-dev
            """),
        PackageSet(
            name: "net", summary: "Looking at networks.",
            "curl wget ca-certificates dnsutils netcat-openbsd openssh-client iproute2 net-tools"),
        PackageSet(
            name: "tools", summary: "More of the command line.",
            """
            git git-lfs gh gnupg2 sudo lsb-release software-properties-common shellcheck yamllint yq p7zip-full lz4 pigz ansible
            """),
        PackageSet(
            name: "web", summary: "Node.js, and a browser with its libraries and fonts.",
            """
            nodejs npm chromium libxss1 libnss3 libnspr4 libasound2 libatk1.0-0 libatk-bridge2.0-0 libcups2 libdrm2 libgbm1 libgtk-3-0
            libxcomposite1 libxdamage1 libxfixes3 libxrandr2 libxkbcommon0 fonts-liberation
            """),
        PackageSet(name: "php", summary: "PHP on the command line.", "php-cli php-mbstring php-xml php-curl"),
        PackageSet(name: "ruby", summary: "Ruby with what its gems are built with.", "ruby ruby-dev build-essential"),
        PackageSet(name: "go", summary: "Go.", "golang-go git ca-certificates"),
        PackageSet(name: "java", summary: "A Java development kit and Maven.", "default-jdk maven"),
        PackageSet(name: "perl", summary: "Perl.", "perl"),
        PackageSet(
            name: "data", summary: "Tables and structured text, database clients.",
            """
            csvtool xmlstarlet html2text dos2unix miller datamash jq yq sqlite3 postgresql-client default-mysql-client
            """),
        PackageSet(
            name: "media", summary: "Pictures, sound and film.",
            """
            imagemagick graphicsmagick libvips-tools pngquant optipng jpegoptim webp libimage-exiftool-perl libheif-dev ffmpeg sox lame
            flac vorbis-tools opus-tools mediainfo
            """),
        PackageSet(
            name: "docs", summary: "Documents: Pandoc, PDF tools, LaTeX, LibreOffice.",
            """
            pandoc poppler-utils ghostscript texlive-latex-base texlive-latex-extra texlive-fonts-recommended antiword catdoc unrtf
            libreoffice-core libreoffice-writer
            """),
        PackageSet(
            name: "gis", summary: "Maps and geography.",
            "gdal-bin mapnik-utils osm2pgsql osmium-tool osmctools python3-mapnik libgdal-dev"),
        PackageSet(name: "calendar", summary: "Calendars and address books.", "vdirsyncer khal python3-caldav"),
        PackageSet(
            name: "mail", summary: "Electronic mail.", "isync offlineimap3 notmuch notmuch-mutt aerc mutt neomutt"),
        PackageSet(name: "news", summary: "Newsgroups.", "tin slrn"),
        PackageSet(name: "chat", summary: "Messaging libraries.", "python3-discord"),
    ]

    /// The set of this name.
    public static func named(_ name: String) -> PackageSet? { all.first { $0.name == name } }

    /// The names with every `@set` replaced by what it holds, in order, without repetition. Throws `invalidArgument` for a set that does not
    /// exist.
    public static func expand(_ names: [String]) throws -> [String] {
        var seen: Set<String> = []
        return try names.flatMap { name -> [String] in
            guard name.hasPrefix("@") else { return [name] }
            guard let set = named(String(name.dropFirst())) else {
                throw SandboxError(
                    .invalidArgument, "there is no package set '\(name.prefix(80))'",
                    remedy: "use one of \(all.map(\.reference).joined(separator: ", "))")
            }
            return set.packages
        }.filter { seen.insert($0).inserted }
    }

    private init(name: String, summary: String, _ packages: String) {
        self.name = name
        self.summary = summary
        self.packages = packages.split(whereSeparator: \.isWhitespace).map(String.init)
    }
}
