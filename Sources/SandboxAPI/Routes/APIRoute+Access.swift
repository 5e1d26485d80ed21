extension APIRoute {
    public static let createLogin = APIRoute(
        "createLogin", "POST", "/v1/login", .admin, "A link that lets one browser in, once, within a minute.",
        request: .json("LoginCreation"), (201, .json("LoginLink")))
    public static let logout = APIRoute("logout", "POST", "/v1/logout", .read, "End the token that this request is made with.", (204, nil))

    public static let listTokens = APIRoute(
        "listTokens", "GET", "/v1/tokens", .admin, "Access tokens, never what they are presented as.", (200, .json("TokenList")))
    public static let createToken = APIRoute(
        "createToken", "POST", "/v1/tokens", .admin, "Make an access token; it is told once.", request: .json("TokenCreation"),
        (201, .json("IssuedToken")))
    public static let revokeToken = APIRoute(
        "revokeToken", "DELETE", "/v1/tokens/{token}", .admin, "End an access token; whoever presents it is refused from then on.",
        (204, nil))
    public static let listSecrets = APIRoute(
        "listSecrets", "GET", "/v1/secrets", .admin, "Names of sealed secrets, never values.", (200, .json("SecretList")))
    public static let setSecret = APIRoute(
        "setSecret", "PUT", "/v1/secrets/{secret}", .admin,
        "Seal a secret; what it was before is gone. Settings refer to it as `secret:NAME`.", request: .json("SecretValue"), (204, nil))
    public static let removeSecret = APIRoute(
        "removeSecret", "DELETE", "/v1/secrets/{secret}", .admin, "Remove a sealed secret.", (204, nil))

    static let access = [createLogin, logout, listTokens, createToken, revokeToken, listSecrets, setSecret, removeSecret]
}
