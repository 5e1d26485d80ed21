import SandboxCore

/// What a call gives: text for a model and the same as data for a program.
struct ToolResult: Sendable {
    var text: String
    var data: JSON
    /// Shown beside the text.
    var image: (bytes: [UInt8], type: String)?

    init(_ text: String, _ data: JSON, image: (bytes: [UInt8], type: String)? = nil) {
        self.text = text
        self.data = data
        self.image = image
    }

    var json: JSON {
        var content: [JSON] = [["type": "text", "text": .string(text)]]
        if let image {
            content.append(["type": "image", "data": .string(Base64.encode(image.bytes)), "mimeType": .string(image.type)])
        }
        return ["content": .array(content), "structuredContent": data, "isError": false]
    }
}

/// A call that failed, as a result that a model can learn from.
struct ToolFailure {
    let json: JSON

    init(_ error: any Error) {
        var code = SandboxError.Code.internalError.rawValue
        var message = "\(error)"
        var remedy: String?
        var backend: String?
        switch error {
        case let error as SandboxError:
            code = error.code.rawValue
            message = error.message + (error.cause.map { " (\($0))" } ?? "")
            remedy = error.remedy
            backend = error.backend?.rawValue
        case let error as FileRefusal:
            code = error.reason.rawValue
            message = error.description
            if error.reason == .notFound { remedy = "look with file_list or file_glob; relative paths mean the workspace" }
        case let error as ExecStartFailure:
            code = error.reason == .commandNotFound ? "command_not_found" : "command_not_executable"
            message = error.message
            remedy = "only what the sandbox holds can be run"
        case is CancellationError:
            code = SandboxError.Code.cancelled.rawValue
            message = "the call was cancelled"
        default: break
        }
        // A guest's or a service's words may be of any length.
        message = String(message.prefix(4000))
        let told: JSON = [
            "code": .string(code), "message": .string(message), "remedy": .words(remedy), "backend": .words(backend),
        ]
        let text = "\(code): \(message)" + (remedy.map { "\nTry: \($0)" } ?? "")
        json = [
            "content": [["type": "text", "text": .string(text)]], "structuredContent": ["error": told], "isError": true,
        ]
    }
}
