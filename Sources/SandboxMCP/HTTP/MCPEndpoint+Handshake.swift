extension MCPEndpoint {
    /// The earlier revisions: a session by its header, streams that can be taken up again, cancellation by notification.
    func handshake(_ request: RPCRequest, _ http: MCPHTTPRequest, _ accepted: String) async -> MCPHTTPAnswer {
        if request.method == "initialize" { return await initialize(request, http) }
        let session: HandshakeSession
        switch find(http) {
        case .success(let known): session = known
        case .failure(let refusal): return refusal.answer(to: request.id)
        }
        let admitted: AdmittedRequest
        do throws(RPCError) {
            admitted = try server.admit(request, access: http.access, negotiated: session.revision)
        } catch {
            return .failure(error, to: request.id, status: 200)
        }
        guard admitted.isStreamed, Self.takesEvents(accepted) else {
            return await whole(request, http.access, negotiated: session.revision)
        }
        let (number, log) = session.open()
        do {
            try start(request.id, request, http.access, negotiated: session.revision, in: session.requests, log)
        } catch {
            log.finish()
            return .failure(MCPStream.refusal(error), to: request.id, status: 200)
        }
        return MCPHTTPAnswer(status: 200, headers: Self.streaming, body: .events(session.events(of: log, number)))
    }

    private func initialize(_ request: RPCRequest, _ http: MCPHTTPRequest) async -> MCPHTTPAnswer {
        do throws(RPCError) {
            let (result, revision) = try server.initialize(request.params)
            guard let (session, evicted) = sessions.open(revision: revision, holder: http.holder) else {
                return .failure(.internalError("\(HandshakeSessions.limit) sessions are at work"), to: request.id, status: 503)
            }
            for gone in evicted { await gone.end() }
            return .json(200, RPCReply.result(request.id, result), headers: [("Mcp-Session-Id", session.id)])
        } catch {
            return .failure(error, to: request.id)
        }
    }

    /// A batch of the oldest revisions is served in order and answered in one piece.
    func answer(batch: [JSON], _ http: MCPHTTPRequest) async -> MCPHTTPAnswer {
        let session: HandshakeSession
        switch find(http) {
        case .success(let known): session = known
        case .failure(let refusal): return refusal.answer(to: nil)
        }
        guard session.revision.hasBatches, (1...MCPStream.batchLimit).contains(batch.count) else {
            let what = session.revision.hasBatches ? "a batch holds 1 to \(MCPStream.batchLimit) messages" : "send one message a request"
            return .failure(.invalidRequest(what), to: nil)
        }
        var replies: [JSON] = []
        for json in batch {
            do throws(RPCMessage.Malformed) {
                switch try RPCMessage(json) {
                case .response: break
                case .notification(let method, let params): _ = notified(method, params, http)
                case .request(let request): replies.append(await reply(to: request, session, http.access))
                }
            } catch {
                replies.append(RPCReply.failure(error.id, .invalidRequest(error.message)))
            }
        }
        return replies.isEmpty ? .empty(202) : .json(200, .array(replies))
    }

    private func reply(to request: RPCRequest, _ session: HandshakeSession, _ access: MCPAccess) async -> JSON {
        do throws(RPCError) {
            let result = try await server.result(of: request, access: access, negotiated: session.revision, notify: { _ in })
            return RPCReply.result(request.id, result)
        } catch {
            return RPCReply.failure(request.id, error)
        }
    }

    func notified(_ method: String, _ params: JSON.Members, _ http: MCPHTTPRequest) -> MCPHTTPAnswer {
        // Clients without a handshake cancel by closing the stream: what they tell needs nothing.
        guard http.header("mcp-session-id") != nil else { return .empty(202) }
        switch find(http) {
        case .success(let session):
            if method == "notifications/cancelled", let id = params["requestId"].flatMap(RPCID.init) { session.requests.cancel(id) }
            return .empty(202)
        case .failure(let refusal): return refusal.answer(to: nil)
        }
    }

    /// Takes up a stream whose connection broke. There is no stream without a request: nothing is told unasked.
    func resume(_ http: MCPHTTPRequest) -> MCPHTTPAnswer {
        guard let last = http.header("last-event-id") else { return .empty(405, headers: [("Allow", "POST, DELETE")]) }
        switch find(http) {
        case .failure(let refusal): return refusal.answer(to: nil)
        case .success(let session):
            guard let events = session.events(after: last) else {
                return .failure(.invalidRequest("there is no stream with the event '\(last.prefix(40))' any more"), to: nil, status: 404)
            }
            return MCPHTTPAnswer(status: 200, headers: Self.streaming, body: .events(events))
        }
    }

    func close(_ http: MCPHTTPRequest) async -> MCPHTTPAnswer {
        switch find(http) {
        case .failure(let refusal): return refusal.answer(to: nil)
        case .success(let session):
            sessions.remove(session)
            await session.end()
            return .empty(204)
        }
    }

    private func find(_ http: MCPHTTPRequest) -> Result<HandshakeSession, SessionRefusal> {
        guard let id = http.header("mcp-session-id") else { return .failure(.missing) }
        guard let session = sessions.find(id, holder: http.holder) else { return .failure(.unknown) }
        if let version = http.header("mcp-protocol-version"), version != session.revision.rawValue {
            return .failure(.otherRevision(version))
        }
        session.touch()
        return .success(session)
    }
}

/// Why a request belongs to no session.
private enum SessionRefusal: Error {
    case missing, unknown
    case otherRevision(String)

    func answer(to id: RPCID?) -> MCPHTTPAnswer {
        switch self {
        case .missing:
            .failure(
                .invalidParams(
                    "neither a session nor a protocol version: state \(MetaKey.protocolVersion) in '_meta', or begin with 'initialize'"),
                to: id, status: 400)
        // The protocol's word for "begin again".
        case .unknown: .failure(.invalidRequest("there is no such session: begin with 'initialize'"), to: id, status: 404)
        case .otherRevision(let version):
            .failure(.invalidRequest("the session speaks another revision than '\(version.prefix(40))'"), to: id)
        }
    }
}
