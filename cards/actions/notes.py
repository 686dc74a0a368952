"""What people write on a card, which touches no clock: tags and a remark."""


def tag(card, ask, done):
    card.tag_list = [*card.tag_list, ask.params["tag"]]
    done.evidence = {"tag": ask.params["tag"]}


def untag(card, ask, done):
    card.tag_list = [name for name in card.tag_list if name != ask.params["tag"]]
    done.evidence = {"tag": ask.params["tag"]}


def remark(card, ask, done):
    done.evidence = {"remark": ask.params["remark"], "was_remark": card.remark}
    card.remark = ask.params["remark"]
