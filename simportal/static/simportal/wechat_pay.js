/* Pays within WeChat: hands to WeChat's own browser what the provider has signed; once by itself, then by the button. */
(() => {
    "use strict";
    const pay = document.querySelector("[data-wechat-pay]");
    if (!pay) return;
    const told = JSON.parse(pay.dataset.wechatPay), mark = `pay ${told.package}`;
    const again = () => window.setTimeout(() => window.location.reload(), 3000);

    function ask() {
        sessionStorage.setItem(mark, "asked");
        window.WeixinJSBridge.invoke("getBrandWCPayRequest", told, (answer) => {
            if (answer.err_msg !== "get_brand_wcpay_request:ok") return;
            sessionStorage.setItem(mark, "paid");
            window.location.reload();
        });
    }

    function begin() {
        pay.hidden = false;
        pay.addEventListener("click", ask);
        if (!sessionStorage.getItem(mark)) ask();
    }

    if (sessionStorage.getItem(mark) === "paid") again();
    else if (window.WeixinJSBridge) begin();
    else document.addEventListener("WeixinJSBridgeReady", begin);
})();
