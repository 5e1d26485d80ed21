import HTTPTypes
import Hummingbird
import Logging
import SandboxAPI
import SandboxCore

/// A refusal whose status is not that of its code: the transport has words that the engine does not know.
struct StatusError: Error {
    var status: HTTPResponse.Status
    var failure: SandboxError
    var headers: HTTPFields = [:]
}

/// Turns whatever a handler throws into the one error shape, and puts on every answer what every answer has.
struct FailureAnswers: RouterMiddleware {
    let metrics: ServerMetrics
    let contributors: [any RouteContributor]

    func handle(_ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response) async throws
        -> Response
    {
        let start = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let path = request.uri.path
            if let told = contributors.first(where: { $0.owns(path) })?.refusal(of: request, error) {
                response = told
            } else {
                response = Self.answer(error, context)
                if response.status.code >= 500 {
                    context.logger.error(
                        "a request failed",
                        metadata: ["request.id": "\(context.requestID)", "path": "\(context.endpointPath ?? "")", "error": "\(error)"])
                }
            }
        }
        for field in Self.everywhere where response.headers[field.name] == nil { response.headers[field.name] = field.value }
        response.headers[.requestID] = context.requestID
        metrics.count(request.method.rawValue, context.endpointPath ?? "", response.status.code, ContinuousClock.now - start)
        return response
    }

    /// An answer is data, never a page: a browser that is led here must not run or frame anything.
    private static let everywhere: [(name: HTTPField.Name, value: String)] = [
        (.contentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'"), (.xContentTypeOptions, "nosniff"),
        (.cacheControl, "no-store"), (.referrerPolicy, "no-referrer"), (.crossOriginResourcePolicy, "same-origin"),
    ]

    static func answer(_ error: any Error, _ context: ServerContext) -> Response {
        var headers: HTTPFields = [:]
        let status: HTTPResponse.Status
        let told: any Error
        switch error {
        case let error as StatusError: (status, told, headers) = (error.status, error.failure, error.headers)
        case let error as HTTPError: (status, told) = (error.status, Self.told(error))
        default: (status, told) = (HTTPResponse.Status(code: ErrorStatus.of(error)), error)
        }
        if status == .tooManyRequests, headers[.retryAfter] == nil { headers[.retryAfter] = "1" }
        let body = ErrorBody(ErrorBody.Failure(told, requestId: context.requestID))
        return (try? JSONAnswer.response(status, body, headers: headers)) ?? Response(status: .internalServerError)
    }

    private static func told(_ error: HTTPError) -> SandboxError {
        switch error.status {
        case .notFound: SandboxError(.notFound, "there is no such route", remedy: "see /v1/openapi.json")
        case .methodNotAllowed: SandboxError(.invalidArgument, "the route does not know this method", remedy: "see /v1/openapi.json")
        case .contentTooLarge: SandboxError(.limitExceeded, "the body is too large", remedy: "send less")
        default: SandboxError(.invalidArgument, error.body ?? "the request is not valid")
        }
    }
}

extension HTTPField.Name {
    static let xContentTypeOptions = known("X-Content-Type-Options")
    static let referrerPolicy = known("Referrer-Policy")
    static let crossOriginResourcePolicy = known("Cross-Origin-Resource-Policy")
    static let requestID = known("X-Request-Id")
    static let idempotencyKey = known("Idempotency-Key")
    static let lastEventID = known("Last-Event-ID")

    /// These literals are field names, so there is always one.
    private static func known(_ text: String) -> HTTPField.Name { HTTPField.Name(text) ?? .date }
}

/// JSON answers.
enum JSONAnswer {
    static func response(_ status: HTTPResponse.Status = .ok, _ value: some Encodable, headers: HTTPFields = [:]) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: try APICoding.encode(value))))
    }
}
