/// What packages are called elsewhere. Debian's name, then those of dnf and of apk: `=` is the same name, `-` that there is none; several names
/// are joined by commas.
enum PackageCatalogue {
    /// Names of one package by its Debian name.
    struct Names: Sendable {
        var dnf: [String]
        var apk: [String]
    }

    static let byDebianName: [String: Names] = {
        var known: [String: Names] = [:]
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 3 else { continue }
            func names(_ word: String) -> [String] {
                word == "=" ? [words[0]] : word == "-" ? [] : word.split(separator: ",").map(String.init)
            }
            known[words[0]] = Names(dnf: names(words[1]), apk: names(words[2]))
        }
        return known
    }()

    /// Libraries whose name ends in `t64` since Debian 13.
    static let longTimeNames: Set<String> = [
        "libasound2", "libatk1.0-0", "libatk-bridge2.0-0", "libcups2", "libgtk-3-0", "libssl3", "libglib2.0-0", "libcurl4", "libpng16-16",
    ]

    private static let table = """
        aerc - aerc
        ansible = =
        antiword - =
        autoconf = =
        automake = =
        bash = =
        bison = =
        build-essential gcc,gcc-c++,make build-base
        bzip2 = =
        ca-certificates = =
        catdoc - -
        chromium = =
        clang = =
        cmake = =
        coreutils = =
        csvtool - -
        curl = =
        datamash = -
        default-jdk java-latest-openjdk-devel openjdk17
        default-mysql-client mysql mysql-client
        diffutils = =
        dnsutils bind-utils bind-tools
        dos2unix = dos2unix
        dpkg-dev dpkg-dev dpkg-dev
        fakeroot = fakeroot
        fd-find fd-find fd
        ffmpeg ffmpeg-free =
        file = =
        findutils = =
        flac = =
        flex = =
        fonts-liberation liberation-fonts ttf-liberation
        g++ gcc-c++ =
        gawk = =
        gcc = =
        gdal-bin gdal gdal-tools
        gettext = =
        gh = github-cli
        ghostscript = =
        git = =
        git-lfs = =
        gnupg gnupg2 =
        gnupg2 gnupg2 gnupg
        golang-go golang go
        graphicsmagick GraphicsMagick =
        grep = =
        gzip = =
        html2text python3-html2text -
        htop = =
        imagemagick ImageMagick =
        iproute2 iproute =
        isync isync isync
        jpegoptim = =
        jq = =
        khal khal khal
        lame = =
        less = =
        libasound2 alsa-lib alsa-lib
        libatk-bridge2.0-0 at-spi2-atk at-spi2-core
        libatk1.0-0 atk at-spi2-core
        libclang-dev clang-devel clang-dev
        libcups2 cups-libs cups-libs
        libdrm2 libdrm libdrm
        libgbm1 mesa-libgbm mesa-gbm
        libgdal-dev gdal-devel gdal-dev
        libgtk-3-0 gtk3 gtk+3.0
        libheif-dev libheif-devel libheif-dev
        libimage-exiftool-perl perl-Image-ExifTool exiftool
        liblzma-dev xz-devel xz-dev
        libnspr4 nspr nspr
        libnss3 nss nss
        libreoffice-core libreoffice-core libreoffice-common
        libreoffice-writer = libreoffice-writer
        libsqlite3-dev sqlite-devel sqlite-dev
        libssl-dev openssl-devel openssl-dev
        libtool = =
        libvips-tools vips-tools vips-tools
        libxcomposite1 libXcomposite libxcomposite
        libxdamage1 libXdamage libxdamage
        libxfixes3 libXfixes libxfixes
        libxkbcommon0 libxkbcommon libxkbcommon
        libxrandr2 libXrandr libxrandr
        libxss1 libXScrnSaver libxscrnsaver
        libyaml-dev libyaml-devel yaml-dev
        llvm-dev llvm-devel llvm-dev
        locales glibc-all-langpacks musl-locales
        lsb-release - lsb-release-minimal
        lsof = =
        lz4 = =
        make = =
        mapnik-utils mapnik-utils -
        maven = =
        mediainfo = =
        miller = =
        mutt = =
        nano = =
        neomutt = =
        net-tools = =
        netcat-openbsd nmap-ncat =
        ninja-build ninja-build samurai
        nodejs = =
        notmuch = =
        notmuch-mutt notmuch-mutt -
        npm nodejs-npm =
        offlineimap3 offlineimap offlineimap
        openssh-client openssh-clients openssh-client
        optipng = =
        opus-tools = =
        osm2pgsql = osm2pgsql
        osmctools = -
        osmium-tool = osmium-tool
        p7zip-full p7zip 7zip
        pandoc = pandoc-cli
        patch = =
        patchelf = =
        perl = =
        php-cli php-cli php
        php-curl php-common php-curl
        php-mbstring = =
        php-xml = php-xml
        pigz = =
        pkg-config pkgconf-pkg-config pkgconf
        pngquant = =
        poppler-utils = =
        postgresql-client postgresql postgresql-client
        procps procps-ng =
        python-is-python3 python-unversioned-command -
        python3 = =
        python3-caldav python3-caldav py3-caldav
        python3-dev python3-devel python3-dev
        python3-discord python3-discord -
        python3-mapnik python3-mapnik -
        python3-pip = py3-pip
        python3-venv python3 python3
        ripgrep = =
        rsync = =
        ruby = =
        ruby-dev ruby-devel ruby-dev
        sed = =
        shellcheck ShellCheck =
        slrn = -
        software-properties-common - -
        sox = =
        sqlite3 sqlite sqlite
        strace = =
        sudo = =
        tar = =
        texlive-fonts-recommended texlive-collection-fontsrecommended texmf-dist-fontsrecommended
        texlive-latex-base texlive-collection-latex texlive
        texlive-latex-extra texlive-collection-latexextra texmf-dist-latexextra
        tin = tin
        tmux = =
        tree = =
        tzdata = =
        unrtf = -
        unzip = =
        vdirsyncer = vdirsyncer
        vim vim-enhanced =
        vorbis-tools = =
        webp libwebp-tools libwebp-tools
        wget = =
        xmlstarlet = =
        xz-utils xz xz
        yamllint = =
        yq = yq-go
        zip = =
        zstd = =
        """
}
