public import SystemPackage

/// How the server listens, and what it lets nobody exceed.
public struct ServerOptions: Sendable {
    public var host: String
    /// 0 lets the system choose.
    public var port: Int
    /// Nil serves in the clear.
    public var tls: TLS?
    /// Serves other machines in the clear.
    public var allowsClearText = false
    /// How long one event may wait for its reader before the reader is cut off.
    public var slowConsumer: Duration = .seconds(30)
    /// As `GET /v1/health` tells it.
    public var version: String
    /// Names by which clients may call this server, besides its own address and the loopback's names.
    public var hostNames: Set<String>
    /// A sign of life on a silent stream.
    public var keepalive: Duration
    /// How long a client may take to send its first request's head.
    public var headTimeout: Duration
    /// How long a connection may rest between two requests; longer than clients keep theirs, so that they let go first.
    public var idleTimeout: Duration
    /// How long a body that the server waits for may be silent.
    public var bodyTimeout: Duration
    /// How long an answer may wait for a client that does not read.
    public var writeTimeout: Duration
    /// Bytes of all header fields of a request together.
    public var largestHead: Int
    /// Connections at once; more wait to be accepted.
    public var connections: Int
    /// Commands that one token runs at once.
    public var execsPerToken: Int

    /// A certificate chain and its key, PEM files.
    public struct TLS: Sendable {
        public var certificate: FilePath
        public var key: FilePath
        /// Creates a value.
        public init(certificate: FilePath, key: FilePath) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// Creates options.
    public init(
        host: String = "127.0.0.1", port: Int = 7263, version: String = "", hostNames: Set<String> = [], keepalive: Duration = .seconds(15),
        headTimeout: Duration = .seconds(20), idleTimeout: Duration = .seconds(75),
        bodyTimeout: Duration = .seconds(60), writeTimeout: Duration = .seconds(600),
        largestHead: Int = 32 << 10, connections: Int = 16_384, execsPerToken: Int = 512
    ) {
        self.host = host
        self.port = port
        self.version = version
        self.hostNames = hostNames
        self.keepalive = keepalive
        self.headTimeout = headTimeout
        self.idleTimeout = idleTimeout
        self.bodyTimeout = bodyTimeout
        self.writeTimeout = writeTimeout
        self.largestHead = largestHead
        self.connections = connections
        self.execsPerToken = execsPerToken
    }
}
