public import SandboxAPI
public import SandboxCore

extension SandlotClient {
    /// Events behind a sequence, in order; with `follow` it goes on with those to come, across broken connections, until the reading task is
    /// cancelled.
    public func events(after sequence: Int64 = 0, session: String? = nil, follow: Bool = false) -> SandboxStream<EventBody> {
        let follower = LineFollower<FeedLine, EventBody>(
            self, from: sequence, endsItself: !follow,
            call: { place in
                var call = APICall(.events)
                call.add("after", place)
                call.add("session", session)
                if !follow { call.add("follow", false) }
                return call
            },
            step: { line in
                switch line {
                case .event(let event): .element(event, place: event.sequence)
                case .other(let other): .other(other)
                }
            })
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

    /// Sessions, oldest first, a page at a time; those that are closed only where they are asked for.
    public func sessions(name: String? = nil, agent: String? = nil, includingClosed: Bool = false) -> SandboxStream<SessionBody> {
        Pages { after in
            var call = APICall(.listSessions)
            if includingClosed { call.add("closed", true) }
            call.add("name", name)
            call.add("agent", agent)
            call.add("after", after)
            let page: SessionPage = try await self.send(call)
            return (page.sessions, page.next?.rawValue)
        }.stream
    }
}
