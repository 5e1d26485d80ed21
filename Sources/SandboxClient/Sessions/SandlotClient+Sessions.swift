public import SandboxAPI
public import SandboxCore

extension SandlotClient {
    /// That the server answers; needs no token.
    public func health() async throws -> HealthBody { try await send(APICall(.health)) }

    /// What can be chosen there, and whether it works.
    public func backends(refresh: Bool = false) async throws -> [BackendBody] {
        var call = APICall(.listBackends)
        if refresh { call.add("refresh", true) }
        return try await send(call, as: BackendListBody.self).backends
    }

    /// One backend of the server. Throws `notFound`.
    public func backend(_ id: BackendID) async throws -> BackendBody { try await send(APICall(.getBackend, ["backend": id.rawValue])) }

    /// Events behind a sequence, in order; with `follow` it goes on with those to come, across broken connections, until the reading task is
    /// cancelled.
    public func events(after sequence: Int64 = 0, session: String? = nil, follow: Bool = false) -> SandboxStream<EventBody> {
        let follower = FeedFollower(self, after: sequence, session: session, follows: follow)
        return SandboxStream { try await follower.next() }
    }

    /// Opens a session.
    public func openSession(_ creation: SessionCreation = SessionCreation()) async throws -> RemoteSession {
        var call = APICall(.createSession, wait: .work)
        try call.send(creation)
        let made: SessionBody = try await send(call)
        return RemoteSession(id: made.id.rawValue, client: self)
    }

    /// A session by id or name; nothing is asked yet.
    public func session(_ idOrName: String) -> RemoteSession { RemoteSession(id: idOrName, client: self) }

    /// Sessions that are not closed, oldest first, a page at a time.
    public func sessions(name: String? = nil, agent: String? = nil) -> SandboxStream<SessionBody> {
        Pages { after in
            var call = APICall(.listSessions)
            call.add("name", name)
            call.add("agent", agent)
            call.add("after", after)
            let page: SessionPage = try await self.send(call)
            return (page.sessions, page.next?.rawValue)
        }.stream
    }
}
