extension APIRoute {
    public static let createLogin = APIRoute(
        "createLogin", "POST", "/v1/login", .admin, "A link that lets one browser in, once, within a minute.",
        request: .json("LoginCreation"), (201, .json("LoginLink")))
    public static let logout = APIRoute("logout", "POST", "/v1/logout", .read, "End the token that this request is made with.", (204, nil))

    static let access = [createLogin, logout]
}
