"""What the portal answers is for whoever asked, and stays in no cache: not on a shared computer, and at no proxy's.

Static files are answered before, and are kept by browsers.
"""

from django.utils.cache import patch_vary_headers


def private(get_response):
    def answer(request):
        response = get_response(request)
        response.headers["Cache-Control"] = "no-store"
        patch_vary_headers(response, ["Cookie"])
        return response

    return answer
